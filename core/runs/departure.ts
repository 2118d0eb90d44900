import type { PrismaClient } from '@anneal/prisma';
import { pause } from '../streams/wake.ts';

/** How long a worker that leaves is waited for. Milliseconds. */
const patience = 10_000;

/**
 * Waits until the worker of a run that has ended has left: one that has said its last word is still closing its files, and holds its
 * place meanwhile. Ends after ten seconds in any case; whoever goes on looks again.
 */
export async function untilWorkerHasLeft(prisma: PrismaClient, runId: string): Promise<void> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    const run = await prisma.run.findUnique({ where: { id: runId }, select: { slot: true } });
    if (!run || run.slot === null) return;
    await pause(100);
  }
}
