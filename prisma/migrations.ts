import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { DatabaseError, messageOf } from './errors.ts';

/** A database that migrations are applied to, on a connection that nobody else uses meanwhile. */
export interface MigrationTarget {
  /** Names the database in messages. */
  readonly label: string;
  /** Folder of its migrations. */
  readonly folder: string;
  /** Ends of sentences for people. */
  readonly advice: { readonly ownDatabase: string; readonly anotherDatabase: string };
  /** DDL of Prisma's own table. */
  readonly migrationsTable: string;
  rows(sql: string): Promise<unknown[][]>;
  /** Names of all tables. */
  tables(): Promise<string[]>;
  /** A literal of a point in time. */
  time(date: Date): string;
  /** Runs statements in one transaction, whole or not at all. */
  inTransaction(script: string): Promise<void>;
}

interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, as Prisma writes it. */
  checksum: string;
}

interface Applied {
  checksum: string;
  finished: boolean;
}

/**
 * Brings a database up to date and records what was applied as `prisma migrate deploy` does, so that Prisma's own command line
 * keeps working on it. Each migration is applied whole or not at all.
 * @returns names of the migrations that were applied now.
 * @throws DatabaseError before anything is changed when the database is not ours, from a newer version, or was made by other migrations.
 */
export async function applyMigrations(target: MigrationTarget): Promise<string[]> {
  const migrations = await readMigrations(target.folder);
  const applied = await readApplied(target);
  check(migrations, applied, target);
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of pending) await apply(target, migration);
  return pending.map(({ name }) => name);
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await fs.readFile(path.join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Checksum and end of each migration that the database records; a migration that was rolled back does not count. */
async function readApplied(target: MigrationTarget): Promise<Map<string, Applied>> {
  const tables = await target.tables();
  if (tables.length === 0) return new Map();
  if (!tables.includes('_prisma_migrations')) {
    throw new DatabaseError(
      'NOT_OURS',
      `The database ${target.label} has tables of another program (${tables.slice(0, 10).join(', ')}). Nothing was changed. ${target.advice.ownDatabase}.`,
    );
  }
  const rows = await target.rows(
    'SELECT "migration_name", "checksum", "finished_at" FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL',
  );
  return new Map(rows.map(([name, checksum, finishedAt]) => [String(name), { checksum: String(checksum), finished: finishedAt !== null }]));
}

function check(migrations: readonly Migration[], applied: ReadonlyMap<string, Applied>, { label, advice }: MigrationTarget): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const [name, { checksum, finished }] of applied) {
    const migration = known.get(name);
    if (!migration) {
      throw new DatabaseError(
        'NEWER_VERSION',
        `The database ${label} is from a newer version of Anneal: it has the migration ${name}, which this version does not know. Nothing was changed. Update Anneal, or ${advice.anotherDatabase}.`,
      );
    }
    if (checksum !== migration.checksum) {
      throw new DatabaseError(
        'MIGRATION_CHANGED',
        `The database ${label} was made by another version of Anneal: its migration ${name} is not the one of this version. Nothing was changed. Use the version that made it, or ${advice.anotherDatabase}.`,
      );
    }
    if (!finished) {
      throw new DatabaseError(
        'MIGRATION_FAILED',
        `The migration ${name} of the database ${label} was begun by Prisma's command line and did not end. Settle it with "npx prisma migrate resolve", or ${advice.anotherDatabase}.`,
      );
    }
  }
}

async function apply(target: MigrationTarget, { name, sql, checksum }: Migration): Promise<void> {
  const now = target.time(new Date());
  const record = [literal(randomUUID()), literal(checksum), now, literal(name), now, '1'];
  const columns = '"id", "checksum", "finished_at", "migration_name", "started_at", "applied_steps_count"';
  const script = `${target.migrationsTable};\n${sql}\n;INSERT INTO "_prisma_migrations" (${columns}) VALUES (${record.join(', ')});`;
  try {
    await target.inTransaction(script);
  } catch (error) {
    // Another process may have applied it in the meantime.
    if ((await readApplied(target)).get(name)?.checksum === checksum) return;
    throw new DatabaseError(
      'MIGRATION_FAILED',
      `The migration ${name} of the database ${target.label} failed: ${messageOf(error)}. Nothing was changed.`,
      { cause: error },
    );
  }
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
