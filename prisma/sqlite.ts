import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { DatabaseError, messageOf } from './errors.ts';
import { migrationsTable } from './migrations-table.mjs';
import { applyMigrations, type MigrationTarget } from './migrations.ts';

type Config = Parameters<PrismaLibSql['createClient']>[0];
type Client = ReturnType<PrismaLibSql['createClient']>;
type Transaction = Awaited<ReturnType<Client['transaction']>>;

/**
 * Write-ahead log: readers do not wait for the writer. NORMAL: a commit survives the death of the process at once, and a power cut
 * after the next checkpoint of the log; the journals of the runs hold what is younger.
 */
const settings = 'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;';

/** Opens SQLite databases for Prisma on one connection each. */
export class SqliteAdapter extends PrismaLibSql {
  constructor(url: string) {
    super({ url }, { timestampFormat: 'unixepoch-ms' });
  }

  override async connect(): Promise<SqlDriverAdapter> {
    const connection = await super.connect();
    await connection.executeScript(settings);
    return connection;
  }

  override createClient(config: Config): Client {
    return onOneConnection(super.createClient(config));
  }
}

/**
 * libsql gives each transaction a connection of its own and opens another for what follows, which then lacks the settings above.
 * Prisma's adapter lets nobody else in during a transaction, so one connection is enough. Transactions take the write lock at once:
 * a transaction that reads first and writes later could otherwise fail half-way.
 */
function onOneConnection(client: Client): Client {
  const transaction = async (): Promise<Transaction> => {
    await client.execute('BEGIN IMMEDIATE');
    let closed = false;
    const end = async (statement: 'COMMIT' | 'ROLLBACK') => {
      if (closed) return;
      await client.execute(statement);
      closed = true;
    };
    return {
      execute: (...statement: [never]) => client.execute(...statement),
      executeMultiple: (script) => client.executeMultiple(script),
      batch: (statements) => Promise.all(statements.map((statement) => client.execute(statement))),
      rollback: () => end('ROLLBACK'),
      commit: () =>
        end('COMMIT').catch(async (error: unknown) => {
          await end('ROLLBACK').catch(() => undefined);
          throw error;
        }),
      close: () => void end('ROLLBACK'),
      get closed() {
        return closed;
      },
    };
  };
  return Object.assign(client, { transaction });
}

/**
 * The file behind a `file:` URL, its folder made when missing.
 * @throws DatabaseError `UNUSABLE`
 */
export async function prepareDatabaseFile(url: string): Promise<string> {
  const file = path.resolve(url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length));
  const folder = path.dirname(file);
  try {
    await fs.mkdir(folder, { recursive: true });
    await fs.access(folder, fs.constants.W_OK | fs.constants.X_OK);
    const known = await fs.stat(file).catch(() => undefined);
    if (known?.isDirectory()) throw new Error('there is a folder of that name');
    if (known) await fs.access(file, fs.constants.R_OK | fs.constants.W_OK);
  } catch (error) {
    throw new DatabaseError(
      'UNUSABLE',
      `The database ${file} cannot be written: ${messageOf(error)}. Give this user the right to write there, or set DATA_DIR to another folder.`,
      { cause: error },
    );
  }
  return file;
}

/** A SQLite file as a target of migrations. @param connection without the settings of the studio, which would change a file of somebody else's */
export const sqliteTarget = (connection: SqlDriverAdapter, file: string): MigrationTarget => {
  const rows = async (sql: string) => (await connection.queryRaw({ sql, args: [], argTypes: [] })).rows;
  return {
    label: file,
    folder: path.join(import.meta.dirname, 'migrations/sqlite'),
    advice: { ownDatabase: 'Set DATABASE_URL to a file of its own', anotherDatabase: 'set DATA_DIR to another folder' },
    migrationsTable: migrationsTable.sqlite,
    rows,
    tables: async () => {
      const names = await rows(`SELECT "name" FROM sqlite_master WHERE "type" = 'table' AND "name" NOT LIKE 'sqlite_%'`);
      return names.map(([name]) => String(name));
    },
    time: (date) => String(date.getTime()),
    inTransaction: async (script) => {
      try {
        // Tables that are made anew are dropped first: with foreign keys on, their children's rows would go too. The switch works outside of transactions only.
        await connection.executeScript(`PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n${script}\nCOMMIT;`);
      } finally {
        await connection.executeScript('PRAGMA foreign_keys = ON;');
      }
    },
  };
};

/** Brings a SQLite file up to date. @throws DatabaseError */
export async function migrateSqlite(file: string): Promise<void> {
  const connection = await new PrismaLibSql({ url: `file:${file}` }).connect();
  try {
    await connection.executeScript('PRAGMA busy_timeout = 5000;');
    await applyMigrations(sqliteTarget(connection, file));
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError('UNUSABLE', `The database ${file} cannot be used: ${messageOf(error)}.`, { cause: error });
  } finally {
    await connection.dispose();
  }
}
