import path from 'node:path';
import pg from 'pg';
import { DatabaseError } from '../errors.ts';
import { PrismaClient as PostgresqlClient } from '../generated/postgresql/client.ts';
import type { PrismaClient } from '../generated/sqlite/client.ts';
import { migrationsTable } from '../migrations-table.mjs';
import { applyMigrations, type MigrationTarget } from '../migrations.ts';
import { PostgresqlAdapter } from './adapter.ts';
import { isConnectionFailure, reasonOf } from './failures.ts';
import { patiently } from './patience.ts';
import { PatientPool } from './pool.ts';
import { retryTransactions } from './transactions.ts';
import { type PostgresqlSettings, readPostgresqlUrl, withoutLimits } from './url.ts';

export interface PostgresqlOptions {
  /** How long the server is waited for at the start. Seconds, default 60. */
  startSeconds?: number;
  /** How long it is waited for later, when a connection was lost. Seconds, default 20. */
  seconds?: number;
  /** Told of each try at the start that failed. */
  onWait?: (message: string) => void;
}

/** Idle connections are given back after this time. Milliseconds. */
const idleLimit = 60_000;

/**
 * Opens a PostgreSQL database, migrating it where needed, and waiting for the server where it cannot be reached yet.
 *
 * Interactive transactions are serializable, as they are in SQLite: what a transaction has looked at still holds when it is
 * committed. Those that get in each other's way, or lose their connection, begin again by themselves (transactions.ts).
 * @throws DatabaseError
 */
export async function openPostgresql(url: string, options: PostgresqlOptions = {}): Promise<PrismaClient> {
  const { startSeconds = 60, seconds = 20, onWait } = options;
  const settings = readPostgresqlUrl(url);
  const { label } = settings;
  try {
    await patiently(() => migratePostgresql(settings), {
      seconds: startSeconds,
      isWorthIt: isConnectionFailure,
      onRetry: (error, wait) => onWait?.(`The database ${label} cannot be reached (${reasonOf(error)}); next try in ${wait.toFixed(1)} s.`),
    });
  } catch (error) {
    throw startProblem(error, settings, startSeconds);
  }
  const pool = new PatientPool({ ...settings.client, max: settings.connections, idleTimeoutMillis: idleLimit }, { label, seconds });
  const client: unknown = new PostgresqlClient({
    adapter: new PostgresqlAdapter(pool, { schema: settings.schema, seconds }),
    transactionOptions: { maxWait: (seconds + 10) * 1000, timeout: 60_000, isolationLevel: 'Serializable' },
  });
  // The two clients differ in what their providers add, and the schema uses none of that.
  const shared = client as PrismaClient;
  retryTransactions(shared, seconds);
  return shared;
}

/** Prisma's own lock on migrations: its command line waits for the studio, and the other way round. */
const migrationLock = 72_707_369;

/** Brings the database up to date. Servers that start at the same time take turns. */
async function migratePostgresql(settings: PostgresqlSettings): Promise<void> {
  const client = new pg.Client(withoutLimits(settings.client));
  // A connection that breaks fails the query that is under way, which tells of it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`SELECT pg_advisory_lock(${migrationLock})`);
    await applyMigrations(targetOf(client, settings));
  } finally {
    await client.end().catch(() => undefined);
  }
}

const folder = path.join(import.meta.dirname, '../migrations/postgresql');

/** A PostgreSQL connection as a target of migrations. */
export function targetOf(
  client: pg.Client,
  { label, schema }: Pick<PostgresqlSettings, 'label' | 'schema'>,
  from = folder,
): MigrationTarget {
  const rows = async (text: string): Promise<unknown[][]> => (await client.query<unknown[]>({ text, rowMode: 'array' })).rows;
  return {
    label,
    folder: from,
    advice: { ownDatabase: 'Set DATABASE_URL to a database of its own', anotherDatabase: 'set DATABASE_URL to another database' },
    migrationsTable: migrationsTable.postgres,
    rows,
    tables: async () => {
      const names = await rows(`SELECT "tablename" FROM "pg_tables" WHERE "schemaname" = '${schema}'`);
      return names.map(([name]) => String(name));
    },
    time: (date) => `'${date.toISOString()}'`,
    inTransaction: async (script) => {
      try {
        await client.query(`BEGIN;\n${script}\nCOMMIT;`);
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    },
  };
}

/** What a failure to open means, for people. */
function startProblem(error: unknown, { label }: PostgresqlSettings, seconds: number): unknown {
  if (error instanceof DatabaseError) return error;
  const reason = reasonOf(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (isConnectionFailure(error)) {
    return new DatabaseError(
      'UNREACHABLE',
      `The database ${label} could not be reached within ${seconds} seconds: ${reason}. Start PostgreSQL, or mend host and port in DATABASE_URL.`,
      { cause: error },
    );
  }
  const advice =
    code === '28P01' || code === '28000'
      ? ' Mend user and password in DATABASE_URL.'
      : code === '3D000'
        ? ' Make it with: createdb, or mend its name in DATABASE_URL.'
        : '';
  return new DatabaseError('UNUSABLE', `The database ${label} cannot be used: ${reason}.${advice}`, { cause: error });
}
