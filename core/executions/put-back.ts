import type { PrismaClient } from '@anneal/prisma';
import { type Begun, stillTheirs } from './settle.ts';

/**
 * Lets an execution of a batch that goes on wait for its turn again. Its attempts count on, so that readers notice that the text begins
 * anew.
 * @returns whether it waits now
 */
export async function putBack(prisma: PrismaClient, execution: Begun): Promise<boolean> {
  const { count } = await prisma.execution.updateMany({
    where: { ...stillTheirs(execution), batch: { state: 'RUNNING' } },
    data: { state: 'QUEUED', aliveUntil: null, startedAt: null, output: null, outputLength: 0 },
  });
  return count > 0;
}
