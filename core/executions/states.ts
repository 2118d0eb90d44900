import type { ExecutionState } from '@anneal/prisma';

/** Whether nothing will come of it any more. */
export const hasEnded = (state: ExecutionState): boolean => state !== 'RUNNING' && state !== 'QUEUED';
