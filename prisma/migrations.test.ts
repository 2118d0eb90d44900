import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseError, openDatabase } from './index.ts';
import { applyMigrations } from './migrations.ts';
import { sqliteTarget } from './sqlite.ts';

let folder: string;
let file: string;
let url: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-prisma-'));
  file = path.join(folder, 'anneal.db');
  url = `file:${file}`;
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function withConnection<T>(work: (connection: SqlDriverAdapter) => Promise<T>): Promise<T> {
  const connection = await new PrismaLibSql({ url }).connect();
  try {
    return await work(connection);
  } finally {
    await connection.dispose();
  }
}

const rows = (sql: string) => withConnection(async (connection) => (await connection.queryRaw({ sql, args: [], argTypes: [] })).rows);
const script = (sql: string) => withConnection((connection) => connection.executeScript(sql));

/** A migrations folder of our own. */
function migrations(files: Record<string, string>): string {
  const at = fs.mkdtempSync(path.join(folder, 'migrations-'));
  for (const [name, sql] of Object.entries(files)) {
    fs.mkdirSync(path.join(at, name));
    fs.writeFileSync(path.join(at, name, 'migration.sql'), sql);
  }
  return at;
}

const migrate = (at: string) => withConnection((connection) => applyMigrations({ ...sqliteTarget(connection, file), folder: at }));
const contentOf = () => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

async function refusal(open: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await open.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabaseError)) throw new Error(`not refused: ${String(error)}`);
  return { code: error.code, message: error.message };
}

describe('applyMigrations', () => {
  it('applies each once, in the order of their names', async () => {
    const both = migrations({ '0002_b': 'ALTER TABLE "a" ADD COLUMN "y" TEXT;', '0001_a': 'CREATE TABLE "a" ("x" TEXT);' });
    expect(await migrate(both)).toEqual(['0001_a', '0002_b']);
    expect(await migrate(both)).toEqual([]);
    expect(await rows('SELECT "x", "y" FROM "a"')).toEqual([]);
  });

  it('leaves nothing of a migration that fails half-way', async () => {
    const broken = migrations({
      '0001_a': 'CREATE TABLE "a" ("x" TEXT);',
      '0002_b': 'CREATE TABLE "b" ("x" TEXT); INSERT INTO "nowhere" VALUES (1);',
    });
    expect(await refusal(migrate(broken))).toMatchObject({ code: 'MIGRATION_FAILED', message: expect.stringContaining('0002_b') });
    expect(await rows(`SELECT "name" FROM sqlite_master WHERE "name" = 'b'`)).toEqual([]);
    expect(await rows('SELECT "migration_name" FROM "_prisma_migrations"')).toEqual([['0001_a']]);
  });

  it('keeps the rows of children when a table is made anew', async () => {
    const first =
      'CREATE TABLE "p" ("id" TEXT PRIMARY KEY); CREATE TABLE "c" ("id" TEXT, "p" TEXT REFERENCES "p" ("id") ON DELETE CASCADE);';
    await migrate(migrations({ '0001_a': first }));
    await script(`INSERT INTO "p" VALUES ('1'); INSERT INTO "c" VALUES ('1', '1');`);
    const anew =
      'PRAGMA foreign_keys=OFF; CREATE TABLE "new_p" ("id" TEXT PRIMARY KEY, "y" TEXT); INSERT INTO "new_p" SELECT "id", NULL FROM "p"; DROP TABLE "p"; ALTER TABLE "new_p" RENAME TO "p"; PRAGMA foreign_keys=ON;';
    await migrate(migrations({ '0001_a': first, '0002_b': anew }));
    expect(await rows('SELECT * FROM "c"')).toEqual([['1', '1']]);
  });
});

describe('openDatabase', () => {
  it('makes what is missing, with the settings of the studio, also behind a transaction', async () => {
    url = `file:${path.join(folder, 'deep', 'er', 'anneal.db')}`;
    const prisma = await openDatabase(url);
    await prisma.project.create({ data: { id: '1', name: 'one' } });
    await expect(
      prisma.$transaction(async (transaction) => {
        await transaction.project.create({ data: { id: '2', name: 'two' } });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await prisma.project.count()).toBe(1);
    const settings = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'].map(
      async (name) => Object.values((await prisma.$queryRawUnsafe<Record<string, unknown>[]>(`PRAGMA ${name}`))[0] ?? {})[0],
    );
    expect((await Promise.all(settings)).map(String)).toEqual(['wal', '1', '1', '5000']);
    await prisma.$disconnect();
  });

  it('refuses a database from a newer version and changes nothing', async () => {
    await (await openDatabase(url)).$disconnect();
    await script(
      `INSERT INTO "_prisma_migrations" ("id", "checksum", "finished_at", "migration_name", "applied_steps_count") VALUES ('x', 'y', 1, '9999_future', 1)`,
    );
    const before = contentOf();
    expect(await refusal(openDatabase(url))).toMatchObject({
      code: 'NEWER_VERSION',
      message: expect.stringMatching(/newer version of Anneal.*9999_future.*Nothing was changed/s),
    });
    expect(contentOf()).toBe(before);
  });

  it('refuses a database that was made by another wording of a migration', async () => {
    await (await openDatabase(url)).$disconnect();
    await script(`UPDATE "_prisma_migrations" SET "checksum" = 'another'`);
    expect(await refusal(openDatabase(url))).toMatchObject({ code: 'MIGRATION_CHANGED', message: expect.stringContaining('0001_initial') });
  });

  it('does not touch the database of another program', async () => {
    await script('CREATE TABLE "theirs" ("x" TEXT)');
    const before = contentOf();
    expect(await refusal(openDatabase(url))).toMatchObject({ code: 'NOT_OURS', message: expect.stringContaining('theirs') });
    expect(contentOf()).toBe(before);
  });

  it('says what is wrong with the file', async () => {
    fs.writeFileSync(file, 'this is no database, but long enough to be looked at as one. '.repeat(40));
    expect(await refusal(openDatabase(url))).toMatchObject({ code: 'UNUSABLE', message: expect.stringContaining(file) });
    expect(await refusal(openDatabase(`file:${folder}`))).toMatchObject({
      code: 'UNUSABLE',
      message: expect.stringContaining('there is a folder of that name'),
    });
    expect(await refusal(openDatabase(`file:${file}/below.db`))).toMatchObject({ code: 'UNUSABLE' });
    expect(await refusal(openDatabase('mysql://localhost/x'))).toMatchObject({ code: 'URL_UNSUPPORTED' });
  });

  it('is what Prisma itself would have made', async () => {
    await (await openDatabase(url)).$disconnect();
    const prisma = (...command: string[]) =>
      spawnSync(process.execPath, ['../node_modules/prisma/build/index.js', ...command], {
        cwd: import.meta.dirname,
        env: { ...process.env, DATABASE_URL: url },
        encoding: 'utf8',
      });
    expect(prisma('migrate', 'status').stdout).toContain('Database schema is up to date!');
    expect(prisma('migrate', 'diff', '--from-config-datasource', '--to-schema', 'schema.prisma', '--exit-code').status).toBe(0);
  });
});
