import type { Execution, Prisma, PrismaClient } from '@anneal/prisma';
import type { Bus } from '../streams/bus.ts';
import type { ExecutionProblem } from './execution-problem.ts';

/** What an execution ends with. */
export type Ending = Omit<Prisma.ExecutionUpdateManyMutationInput, 'state'> & { state: 'SUCCEEDED' | 'FAILED' | 'CANCELLED' };

export const failedWith = ({ code, message, issues }: ExecutionProblem) => ({
  errorCode: code,
  errorMessage: message,
  errorIssues: issues.map(({ path, message: text }) => ({ path, message: text })),
});

/** An execution as somebody began it. Who works on it then: it may have been put back, and begun anew by another server. */
export type Begun = Pick<Execution, 'id'> & Partial<Pick<Execution, 'startedAt'>>;

/** The row, as long as it is theirs. */
export const stillTheirs = ({ id, startedAt }: Begun) => ({ id, state: 'RUNNING' as const, startedAt });

/**
 * Ends an execution that is running, once: whoever comes first. That of a batch is counted there in the same transaction.
 * @returns whether this ended it
 */
export async function settle(prisma: PrismaClient, execution: Begun & Pick<Execution, 'batchId'>, ending: Ending): Promise<boolean> {
  const { batchId } = execution;
  const data = { ...ending, finishedAt: new Date(), aliveUntil: null };
  const end = async (client: Prisma.TransactionClient) =>
    (await client.execution.updateMany({ where: stillTheirs(execution), data })).count;
  if (batchId === null) return (await end(prisma)) > 0;
  return prisma.$transaction(async (transaction) => {
    const count = await end(transaction);
    if (count > 0) await countInBatch(transaction, batchId, ending.state);
    return count > 0;
  });
}

/** Streams of it and of its batch look again. */
export function tellEnd(bus: Bus, { id, batchId }: Pick<Execution, 'id' | 'batchId'>): void {
  bus.topic('execution').publish(id);
  if (batchId !== null) bus.topic('executionBatch').publish(batchId);
}

/** One more of its rows has ended. One that was cancelled has no answer either. */
export async function countInBatch(transaction: Prisma.TransactionClient, batchId: string, state: Ending['state']): Promise<void> {
  await transaction.executionBatch.update({
    where: { id: batchId },
    data: state === 'SUCCEEDED' ? { succeeded: { increment: 1 } } : { failed: { increment: 1 } },
  });
}
