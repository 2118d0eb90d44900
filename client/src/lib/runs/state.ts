import type { ResultOf } from '../graphql/tada.ts';
import type { RunRowFragment } from './documents.ts';

export type RunState = ResultOf<typeof RunRowFragment>['state'];

export const runStates: readonly RunState[] = [
  'QUEUED',
  'STARTING',
  'RUNNING',
  'PAUSING',
  'PAUSED',
  'CANCELLING',
  'COMPLETED',
  'CANCELLED',
  'FAILED',
];

/** The word that people read. */
export const stateWords: Record<RunState, string> = {
  QUEUED: 'Queued',
  STARTING: 'Starting',
  RUNNING: 'Running',
  PAUSING: 'Pausing',
  PAUSED: 'Paused',
  CANCELLING: 'Cancelling',
  COMPLETED: 'Completed',
  CANCELLED: 'Cancelled',
  FAILED: 'Failed',
};

/** Nothing more will happen to it. */
export const hasEnded = (state: RunState): boolean => state === 'COMPLETED' || state === 'CANCELLED' || state === 'FAILED';

export const canPause = (state: RunState): boolean => state === 'QUEUED' || state === 'STARTING' || state === 'RUNNING';

export const canCancel = (state: RunState): boolean => !hasEnded(state) && state !== 'CANCELLING';
