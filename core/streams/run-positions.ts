import type { PrismaClient, Run } from '@anneal/prisma';
import { NotFound } from '../errors.ts';

/** How far a run has come. @throws NotFound */
export async function positionsOf(prisma: PrismaClient, runId: string): Promise<Pick<Run, 'state' | 'journalSequence' | 'eventSequence'>> {
  const select = { state: true, journalSequence: true, eventSequence: true };
  const run = await prisma.run.findUnique({ where: { id: runId }, select });
  if (!run) throw new NotFound(`There is no run ${runId}.`);
  return run;
}
