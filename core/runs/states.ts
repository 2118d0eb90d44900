import type { Prisma, Run, RunState } from '@anneal/prisma';

/** What may follow a state. A run whose worker died goes back to STARTING, one that was paused and is resumed to QUEUED. */
const moves: Readonly<Record<RunState, readonly RunState[]>> = {
  QUEUED: ['STARTING', 'PAUSED', 'CANCELLED'],
  STARTING: ['STARTING', 'RUNNING', 'PAUSING', 'CANCELLING', 'CANCELLED', 'FAILED'],
  RUNNING: ['STARTING', 'PAUSING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'],
  PAUSING: ['PAUSED', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'],
  PAUSED: ['QUEUED', 'CANCELLED'],
  CANCELLING: ['COMPLETED', 'CANCELLED', 'FAILED'],
  COMPLETED: [],
  CANCELLED: [],
  FAILED: [],
};

/** A worker is there, or should be. */
export const activeStates: readonly RunState[] = ['STARTING', 'RUNNING', 'PAUSING', 'CANCELLING'];

export const canMove = (from: RunState, to: RunState): boolean => moves[from].includes(to);

/** Nothing changes any more. */
export const isEnded = (state: RunState): boolean => moves[state].length === 0;

/**
 * Brings a run into another state and tells of it in the run's events. All changes outside of the journal go through here.
 * @param transaction the caller's, so that the state that it has looked at still holds.
 * @returns the run as it is then, or null when it may not come into that state.
 */
export async function changeState(
  transaction: Prisma.TransactionClient,
  runId: string,
  state: RunState,
  data: Omit<Prisma.RunUncheckedUpdateInput, 'state' | 'eventSequence'> = {},
): Promise<Run | null> {
  const run = await transaction.run.findUnique({ where: { id: runId } });
  if (!run || !canMove(run.state, state)) return null;
  const time = new Date();
  const finished = isEnded(state) ? { finishedAt: time, secondsPerStep: null } : {};
  const eventSequence = run.eventSequence + 1;
  await transaction.runEvent.create({ data: { runId, sequence: eventSequence, type: 'STATE', time, step: run.step, state } });
  return transaction.run.update({ where: { id: runId }, data: { ...finished, ...data, state, eventSequence } });
}
