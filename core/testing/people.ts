import { openDatabase, type PrismaClient } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { readConfig } from '../config.ts';
import { ensureFirstUser } from '../identity/local-user.ts';
import { createLogger } from '../logger.ts';
import { createPeople, type People } from '../people.ts';
import { Bus } from '../streams/bus.ts';

/** Everything about people on a database of its own, without runs or a server. */
export async function openPeople(
  folder: string,
  environment: Record<string, string> = {},
): Promise<People & { prisma: PrismaClient; bus: Bus }> {
  const databaseUrl = await testDatabase(folder);
  const prisma = await openDatabase(databaseUrl);
  await ensureFirstUser(prisma);
  const bus = new Bus();
  const config = readConfig({ DATA_DIR: folder, DATABASE_URL: databaseUrl, ...environment });
  const people = createPeople({ config, prisma, bus, logger: createLogger('silent'), folderOf: (id) => `${folder}/runs/${id}` });
  return { ...people, prisma, bus };
}
