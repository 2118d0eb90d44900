import fs from 'node:fs/promises';
import path from 'node:path';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { DatabaseError, messageOf } from './errors.ts';
import { isShared } from './open.ts';
import { prepareDatabaseFile } from './sqlite.ts';

/** What the snapshot of a database is called within its backup. */
export type SnapshotFile = 'database.sqlite' | 'database.dump';

export const snapshotFile = (url: string): SnapshotFile => (isShared(url) ? 'database.dump' : 'database.sqlite');

/**
 * Writes the database, as it is at one moment, into a file; whoever works with it goes on meanwhile.
 * @param file does not exist yet
 * @throws DatabaseError
 */
export async function snapshotDatabase(url: string, file: string): Promise<void> {
  if (isShared(url)) {
    const { dumpPostgresql } = await import('./postgresql/dump.ts');
    return dumpPostgresql(url, file);
  }
  const source = await prepareDatabaseFile(url);
  if (!(await fs.stat(source).catch(() => undefined))) {
    throw new DatabaseError('UNUSABLE', `There is no database ${source} to back up. Set DATA_DIR and DATABASE_URL as the studio has them.`);
  }
  const connection = await new PrismaLibSql({ url: `file:${source}` }).connect();
  try {
    await connection.executeScript(`PRAGMA busy_timeout = 30000; VACUUM INTO '${file.replaceAll("'", "''")}';`);
  } catch (error) {
    throw new DatabaseError('UNUSABLE', `The database ${source} could not be backed up: ${messageOf(error)}.`, { cause: error });
  } finally {
    await connection.dispose();
  }
}

/**
 * Brings a database back from a snapshot. The other way round between SQLite and PostgreSQL does not work.
 * @param url of a database that has nothing in it; a SQLite file must not exist.
 * @throws DatabaseError before anything is changed
 */
export async function restoreDatabase(url: string, file: string): Promise<void> {
  if (isShared(url)) {
    const { restorePostgresql } = await import('./postgresql/dump.ts');
    return restorePostgresql(url, file);
  }
  const target = await prepareDatabaseFile(url);
  try {
    await fs.copyFile(file, target, fs.constants.COPYFILE_EXCL);
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const reason = exists ? 'it exists already. Nothing was changed. Move it away first' : messageOf(error);
    throw new DatabaseError('UNUSABLE', `The database ${target} cannot be restored: ${reason}.`, { cause: error });
  }
  const folder = await fs.open(path.dirname(target));
  await folder.sync().finally(() => folder.close());
}
