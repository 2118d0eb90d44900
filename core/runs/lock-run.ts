import type { Prisma, Run } from '@anneal/prisma';

/**
 * A run, which nobody else can change before the end of the transaction: it is written as it is, and read then.
 * @returns null when there is none
 */
export async function lockRun(transaction: Prisma.TransactionClient, runId: string): Promise<Run | null> {
  const { count } = await transaction.run.updateMany({ where: { id: runId }, data: { eventSequence: { increment: 0 } } });
  return count === 0 ? null : transaction.run.findUniqueOrThrow({ where: { id: runId } });
}
