import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { DatabaseError, messageOf } from './errors.ts';
import { migrationsTable } from './migrations-table.mjs';

export const migrationsFolder = path.join(import.meta.dirname, 'migrations');

interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, as Prisma writes it. */
  checksum: string;
}

/**
 * Brings a database up to date and records what was applied as `prisma migrate deploy` does, so that Prisma's own command line
 * keeps working on it. Each migration is applied whole or not at all.
 * @param connection a connection of its own: nobody else may use it meanwhile.
 * @param label names the database in messages.
 * @returns names of the migrations that were applied now.
 * @throws DatabaseError before anything is changed when the database is not ours, from a newer version, or was made by other migrations.
 */
export async function applyMigrations(connection: SqlDriverAdapter, label: string, folder = migrationsFolder): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const applied = await readApplied(connection, label);
  check(migrations, applied, label);
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of pending) await apply(connection, migration, label);
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
async function readApplied(connection: SqlDriverAdapter, label: string): Promise<Map<string, { checksum: string; finished: boolean }>> {
  const tables = await rowsOf(connection, `SELECT "name" FROM sqlite_master WHERE "type" = 'table' AND "name" NOT LIKE 'sqlite_%'`);
  if (tables.length === 0) return new Map();
  if (!tables.some(([name]) => name === '_prisma_migrations')) {
    throw new DatabaseError(
      'NOT_OURS',
      `The database ${label} has tables of another program (${tables.map(([name]) => String(name)).join(', ')}). Nothing was changed. Set DATABASE_URL to a file of its own.`,
    );
  }
  const rows = await rowsOf(
    connection,
    'SELECT "migration_name", "checksum", "finished_at" FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL',
  );
  return new Map(rows.map(([name, checksum, finishedAt]) => [String(name), { checksum: String(checksum), finished: finishedAt !== null }]));
}

async function rowsOf(connection: SqlDriverAdapter, sql: string): Promise<unknown[][]> {
  return (await connection.queryRaw({ sql, args: [], argTypes: [] })).rows;
}

function check(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, { checksum: string; finished: boolean }>,
  label: string,
): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const [name, { checksum, finished }] of applied) {
    const migration = known.get(name);
    if (!migration) {
      throw new DatabaseError(
        'NEWER_VERSION',
        `The database ${label} is from a newer version of Anneal: it has the migration ${name}, which this version does not know. Nothing was changed. Update Anneal, or set DATA_DIR to another folder.`,
      );
    }
    if (checksum !== migration.checksum) {
      throw new DatabaseError(
        'MIGRATION_CHANGED',
        `The database ${label} was made by another version of Anneal: its migration ${name} is not the one of this version. Nothing was changed. Use the version that made it, or set DATA_DIR to another folder.`,
      );
    }
    if (!finished) {
      throw new DatabaseError(
        'MIGRATION_FAILED',
        `The migration ${name} of the database ${label} was begun by Prisma's command line and did not end. Settle it with "npx prisma migrate resolve", or set DATA_DIR to another folder.`,
      );
    }
  }
}

async function apply(connection: SqlDriverAdapter, { name, sql, checksum }: Migration, label: string): Promise<void> {
  const now = Date.now();
  const record = [randomUUID(), checksum, now, name, now, 1].map((value) =>
    typeof value === 'number' ? value : `'${value.replaceAll("'", "''")}'`,
  );
  const columns = '"id", "checksum", "finished_at", "migration_name", "started_at", "applied_steps_count"';
  // Tables that are made anew are dropped first: with foreign keys on, their children's rows would go too. The switch works outside of transactions only.
  const script = [
    'PRAGMA foreign_keys = OFF;',
    'BEGIN IMMEDIATE;',
    `${migrationsTable.sqlite};`,
    sql,
    `;INSERT INTO "_prisma_migrations" (${columns}) VALUES (${record.join(', ')});`,
    'COMMIT;',
  ].join('\n');
  try {
    await connection.executeScript(script);
  } catch (error) {
    // Another process may have applied it in the meantime.
    if ((await readApplied(connection, label)).get(name)?.checksum === checksum) return;
    throw new DatabaseError(
      'MIGRATION_FAILED',
      `The migration ${name} of the database ${label} failed: ${messageOf(error)}. Nothing was changed.`,
      { cause: error },
    );
  } finally {
    await connection.executeScript('PRAGMA foreign_keys = ON;');
  }
}
