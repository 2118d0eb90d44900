import { openDatabase, type PrismaClient } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { defaultProjectId, ensureFirstUser } from '../identity/local-user.ts';

/** A database with one run that is STARTING. */
export async function databaseWithRun(folder: string, runId: string): Promise<PrismaClient> {
  const prisma = await openDatabase(await testDatabase(folder));
  await ensureFirstUser(prisma);
  await prisma.experiment.create({ data: { id: 'experiment', projectId: defaultProjectId, name: 'Default' } });
  await prisma.run.create({
    data: {
      id: runId,
      name: 'Run 1',
      projectId: defaultProjectId,
      experimentId: 'experiment',
      state: 'STARTING',
      config: {},
      summary: {},
    },
  });
  return prisma;
}
