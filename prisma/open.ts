import { PrismaLibSql } from '@prisma/adapter-libsql';
import { PrismaClient } from './generated/sqlite/client.ts';
import { DatabaseError, messageOf } from './errors.ts';
import { applyMigrations } from './migrations.ts';
import { prepareDatabaseFile, SqliteAdapter } from './sqlite.ts';

/**
 * Opens the database, making and migrating it where needed.
 * @param url `file:/path/to/anneal.db`
 * @throws DatabaseError with a message for people; the database is then as it was.
 */
export async function openDatabase(url: string): Promise<PrismaClient> {
  if (!url.startsWith('file:')) {
    throw new DatabaseError(
      'URL_UNSUPPORTED',
      `The database URL "${url.split(':', 1).join()}:…" is not supported: only SQLite files are yet, such as file:./data/anneal.db.`,
    );
  }
  const file = await prepareDatabaseFile(url);
  await migrate(`file:${file}`, file);
  // A transaction waits while another one writes; on a busy machine that may take longer than Prisma's two seconds.
  return new PrismaClient({ adapter: new SqliteAdapter(`file:${file}`), transactionOptions: { maxWait: 30_000, timeout: 60_000 } });
}

async function migrate(url: string, label: string): Promise<void> {
  // Without the settings of the studio: they would change a file that turns out to be somebody else's.
  const connection = await new PrismaLibSql({ url }).connect();
  try {
    await connection.executeScript('PRAGMA busy_timeout = 5000;');
    await applyMigrations(connection, label);
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError('UNUSABLE', `The database ${label} cannot be used: ${messageOf(error)}.`, { cause: error });
  } finally {
    await connection.dispose();
  }
}
