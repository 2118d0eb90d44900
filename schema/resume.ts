import type { Context } from './context.ts';

/** Where a reader wants to go on: what its connection says it has seen last goes before what it asked for at first. */
export const resumeAfter = (context: Context, after: string | null | undefined): string | undefined =>
  context.lastEventId ?? after ?? undefined;
