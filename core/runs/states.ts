import { Prisma, type Run, type RunState } from '@anneal/prisma';
import { lockRun } from './lock-run.ts';

/**
 * What may follow a state. A run whose worker died goes back to STARTING, one that was paused and is resumed to QUEUED. One without a
 * worker is CANCELLING while what it had learned is saved.
 */
const moves: Readonly<Record<RunState, readonly RunState[]>> = {
  QUEUED: ['STARTING', 'PAUSED', 'CANCELLING', 'CANCELLED', 'FAILED'],
  STARTING: ['STARTING', 'RUNNING', 'PAUSING', 'CANCELLING', 'CANCELLED', 'FAILED'],
  RUNNING: ['STARTING', 'PAUSING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'],
  PAUSING: ['PAUSED', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'],
  PAUSED: ['QUEUED', 'CANCELLING', 'CANCELLED'],
  CANCELLING: ['COMPLETED', 'CANCELLED', 'FAILED'],
  COMPLETED: [],
  CANCELLED: [],
  FAILED: [],
};

/** States that only somebody who asks for it brings a run out of, into the queue. */
const retried: readonly RunState[] = ['FAILED', 'CANCELLED'];

/** A worker is there, or should be. */
export const activeStates: readonly RunState[] = ['STARTING', 'RUNNING', 'PAUSING', 'CANCELLING'];

/** @param isRetry somebody asked for the run to be tried again. */
export const canMove = (from: RunState, to: RunState, isRetry = false): boolean =>
  moves[from].includes(to) || (isRetry && to === 'QUEUED' && retried.includes(from));

/** Nothing changes any more, unless somebody tries it again. */
export const isEnded = (state: RunState): boolean => moves[state].length === 0;

/** What a run loses that is tried again: how it ended, and the tries so far. */
const asNew = {
  finishedAt: null,
  errorCode: null,
  errorMessage: null,
  errorIssues: Prisma.DbNull,
  crashes: 0,
  fruitlessAttempts: 0,
  savingAttempts: 0,
  nextAttemptAt: null,
} as const;

export interface Change {
  /** Other columns that change with it. */
  data?: Omit<Prisma.RunUncheckedUpdateInput, 'state' | 'eventSequence'>;
  /** Lines for the run's log, before the change of the state is told. */
  warnings?: readonly string[];
  /** Somebody asked for the run to be tried again. */
  isRetry?: boolean;
}

/**
 * Brings a run into another state and tells of it in the run's events. All changes outside of the journal go through here.
 * @param transaction the caller's, so that the state that it has looked at still holds.
 * @returns the run as it is then, or null when it may not come into that state.
 */
export async function changeState(
  transaction: Prisma.TransactionClient,
  runId: string,
  state: RunState,
  { data = {}, warnings = [], isRetry = false }: Change = {},
): Promise<Run | null> {
  const run = await lockRun(transaction, runId);
  if (!run || !canMove(run.state, state, isRetry)) return null;
  const time = new Date();
  const finished = isEnded(state) ? { finishedAt: time, secondsPerStep: null, nextAttemptAt: null } : {};
  const happened = { runId, time, step: run.step };
  const events = [
    ...warnings.map((message) => ({ ...happened, type: 'LOG' as const, level: 'WARN' as const, message })),
    { ...happened, type: 'STATE' as const, state },
  ];
  await transaction.runEvent.createMany({
    data: events.map((event, index) => ({ ...event, sequence: run.eventSequence + index + 1 })),
  });
  const eventSequence = run.eventSequence + events.length;
  return transaction.run.update({ where: { id: runId }, data: { ...finished, ...(isRetry && asNew), ...data, state, eventSequence } });
}
