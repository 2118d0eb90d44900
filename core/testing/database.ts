import path from 'node:path';
import { openDatabase, type PrismaClient } from '@anneal/prisma';

/** A database with one run that is STARTING. */
export async function databaseWithRun(folder: string, runId: string): Promise<PrismaClient> {
  const prisma = await openDatabase(`file:${path.join(folder, 'anneal.db')}`);
  await prisma.experiment.create({ data: { id: 'experiment', name: 'Default' } });
  await prisma.run.create({ data: { id: runId, name: 'Run 1', experimentId: 'experiment', state: 'STARTING', config: {}, summary: {} } });
  return prisma;
}
