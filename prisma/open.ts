import { PrismaClient } from './generated/sqlite/client.ts';
import { DatabaseError } from './errors.ts';
import type { PostgresqlOptions } from './postgresql/open.ts';
import { migrateSqlite, prepareDatabaseFile, SqliteAdapter } from './sqlite.ts';

/** Whether a database is one that several servers can share. */
export const isShared = (url: string): boolean => /^postgres(ql)?:/.test(url);

/**
 * Opens the database, making and migrating it where needed. One that several servers share is waited for while it cannot be reached.
 * @param url `file:/path/to/anneal.db` or `postgresql://user:password@host:5432/anneal?connection_limit=10`
 * @throws DatabaseError with a message for people; the database is then as it was.
 */
export async function openDatabase(url: string, options: PostgresqlOptions = {}): Promise<PrismaClient> {
  if (isShared(url)) {
    // Its driver is loaded only by those who use it.
    const { openPostgresql } = await import('./postgresql/open.ts');
    return openPostgresql(url, options);
  }
  if (!url.startsWith('file:')) {
    throw new DatabaseError(
      'URL_UNSUPPORTED',
      `The database URL "${url.split(':', 1).join()}:…" is not supported: give a SQLite file such as file:./data/anneal.db, or postgresql://user:password@host:5432/anneal.`,
    );
  }
  const file = await prepareDatabaseFile(url);
  await migrateSqlite(file);
  // A transaction waits while another one writes; on a busy machine that may take longer than Prisma's two seconds.
  return new PrismaClient({ adapter: new SqliteAdapter(`file:${file}`), transactionOptions: { maxWait: 30_000, timeout: 60_000 } });
}
