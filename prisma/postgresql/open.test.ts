import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseError, openDatabase, type PrismaClient } from '../index.ts';
import { applyMigrations } from '../migrations.ts';
import { rowsOf } from '../testing/client.ts';
import { PostgresqlServer } from '../testing/index.ts';
import { targetOf } from './open.ts';

let server: PostgresqlServer;
let folder: string;
beforeAll(async () => {
  server = await PostgresqlServer.start();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-prisma-'));
});
afterAll(async () => {
  await server.close();
  fs.rmSync(folder, { recursive: true });
});

let url: string;
const open: PrismaClient[] = [];
beforeEach(async () => {
  url = await server.createDatabase();
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.$disconnect();
});

async function opened(at = url): Promise<PrismaClient> {
  const client = await openDatabase(at);
  open.push(client);
  return client;
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabaseError)) throw new Error(`not refused: ${String(error)}`);
  return { code: error.code, message: error.message };
}

const tables = () => rowsOf(url, `SELECT "tablename" FROM "pg_tables" WHERE "schemaname" = 'public' ORDER BY 1`);

describe('migrations of PostgreSQL', () => {
  async function migrate(files: Record<string, string>): Promise<string[]> {
    const at = fs.mkdtempSync(path.join(folder, 'migrations-'));
    for (const [name, sql] of Object.entries(files)) {
      fs.mkdirSync(path.join(at, name));
      fs.writeFileSync(path.join(at, name, 'migration.sql'), sql);
    }
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return await applyMigrations(targetOf(client, { label: 'here', schema: 'public' }, at));
    } finally {
      await client.end();
    }
  }

  it('are applied each once, whole or not at all', async () => {
    const first = { '0001_a': `CREATE TABLE "a" ("x" TEXT DEFAULT 'one; two');` };
    expect(await migrate(first)).toEqual(['0001_a']);
    expect(await migrate(first)).toEqual([]);
    const broken = { ...first, '0002_b': 'CREATE TABLE "b" ("x" TEXT); INSERT INTO "nowhere" VALUES (1);' };
    expect(await refusal(migrate(broken))).toMatchObject({ code: 'MIGRATION_FAILED', message: expect.stringContaining('0002_b') });
    expect(await tables()).toEqual([['_prisma_migrations'], ['a']]);
    expect(await rowsOf(url, 'SELECT "migration_name" FROM "_prisma_migrations"')).toEqual([['0001_a']]);
  });

  it('are applied once by servers that start at the same time', async () => {
    await Promise.all(Array.from({ length: 4 }, () => opened()));
    const made = fs.readdirSync(path.join(import.meta.dirname, '../migrations/postgresql'), { withFileTypes: true });
    const names = made.filter((entry) => entry.isDirectory()).map(({ name }) => [name]);
    expect(await rowsOf(url, 'SELECT "migration_name" FROM "_prisma_migrations" ORDER BY 1')).toEqual(names.sort());
  });

  it('are refused for the database of another program, of a newer version, of other migrations', async () => {
    await rowsOf(url, 'CREATE TABLE "theirs" ("x" TEXT)');
    expect(await refusal(opened())).toMatchObject({ code: 'NOT_OURS', message: expect.stringMatching(/theirs.*DATABASE_URL/s) });
    expect(await tables()).toEqual([['theirs']]);
    await rowsOf(url, 'DROP TABLE "theirs"');
    await opened();
    await rowsOf(
      url,
      `INSERT INTO "_prisma_migrations" ("id", "checksum", "finished_at", "migration_name", "applied_steps_count") VALUES ('x', 'y', now(), '9999_future', 1)`,
    );
    expect(await refusal(opened())).toMatchObject({ code: 'NEWER_VERSION', message: expect.stringContaining('9999_future') });
    await rowsOf(url, `DELETE FROM "_prisma_migrations" WHERE "migration_name" = '9999_future'`);
    await rowsOf(url, `UPDATE "_prisma_migrations" SET "checksum" = 'another'`);
    expect(await refusal(opened())).toMatchObject({ code: 'MIGRATION_CHANGED' });
  });

  it('make what the schema says, and Prisma itself agrees', async () => {
    await opened();
    const prisma = (...command: string[]) =>
      spawnSync(process.execPath, ['../node_modules/prisma/build/index.js', ...command], {
        cwd: path.join(import.meta.dirname, '..'),
        env: { ...process.env, DATABASE_URL: url },
        encoding: 'utf8',
      });
    expect(prisma('migrate', 'status').stdout).toContain('Database schema is up to date!');
    const difference = prisma('migrate', 'diff', '--from-config-datasource', '--to-schema', 'generated/postgresql.prisma', '--exit-code');
    expect(difference.stdout).toContain('No difference detected');
    expect(difference.status).toBe(0);
  });
});

describe('openDatabase', () => {
  it('gives every value back as it was, whatever the time zone of the server', async () => {
    await server.execute(`ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET TimeZone = 'Asia/Kolkata'`);
    const prisma = await opened();
    const createdAt = new Date('2026-03-29T01:30:00.123Z');
    const details = { 'a "quoted" key': [1.5, null, 'ünïcode; --'] };
    await prisma.auditEntry.create({ data: { id: '1', action: 'test', time: createdAt, details } });
    await prisma.$executeRaw`INSERT INTO "Project" ("id", "name") VALUES ('p', 'made by hand')`;
    expect(await prisma.auditEntry.findUnique({ where: { id: '1' } })).toMatchObject({ time: createdAt, details });
    const project = await prisma.project.findUniqueOrThrow({ where: { id: 'p' } });
    expect(Math.abs(project.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
    await prisma.experiment.create({ data: { id: 'e', projectId: 'p', name: 'e' } });
    const big = { journalOffset: 2n ** 40n, parameters: 7e10, secondsPerStep: 0.1 + 0.2 };
    await prisma.run.create({ data: { id: 'r', name: 'r', projectId: 'p', experimentId: 'e', config: {}, summary: {}, ...big } });
    expect(await prisma.run.findUnique({ where: { id: 'r' } })).toMatchObject(big);
  });

  it('keeps its tables in the schema that the URL names, and to the number of connections', async () => {
    await rowsOf(url, 'CREATE SCHEMA "studio"');
    const prisma = await opened(`${url}?schema=studio&connection_limit=3`);
    await prisma.project.create({ data: { id: 'p', name: 'p' } });
    expect(await tables()).toEqual([]);
    expect(await rowsOf(url, 'SELECT "id" FROM "studio"."Project"')).toEqual([['p']]);
    await Promise.all(Array.from({ length: 30 }, () => prisma.$queryRaw`SELECT pg_sleep(0.02)::text`));
    const count = `SELECT count(*)::int FROM "pg_stat_activity" WHERE "datname" = current_database() AND "application_name" = 'anneal'`;
    expect(await rowsOf(url, count)).toEqual([[3]]);
  });

  it('says what is wrong, and never the password', async () => {
    const cases: [string, { code: string; message: unknown }][] = [
      [
        `postgresql://anneal:s3cret@127.0.0.1:1/x`,
        { code: 'UNREACHABLE', message: expect.stringMatching(/anneal@127.0.0.1:1\/x.*Start PostgreSQL/s) },
      ],
      [
        url.replace('anneal@', 'nobody:s3cret@'),
        { code: 'UNUSABLE', message: expect.stringMatching(/"nobody" does not exist.*user and password/s) },
      ],
      [
        url.replace(/\/\w+$/, '/missing').replace('anneal@', 'anneal:s3cret@'),
        { code: 'UNUSABLE', message: expect.stringContaining('"missing" does not exist') },
      ],
      ['postgresql://anneal:s3cret#1@localhost/x', { code: 'URL_UNSUPPORTED', message: expect.stringContaining('percent-encoded') }],
      ['postgresql://anneal:s3cret@localhost', { code: 'URL_UNSUPPORTED', message: expect.stringContaining('names no database') }],
      [`${url}?connection_limit=many`, { code: 'URL_UNSUPPORTED', message: expect.stringContaining('1 to 500') }],
    ];
    for (const [wrong, expected] of cases) {
      const waits: string[] = [];
      const found = await refusal(openDatabase(wrong, { startSeconds: 1, onWait: (message) => waits.push(message) }));
      expect(found).toMatchObject(expected);
      expect(JSON.stringify([found, waits])).not.toContain('s3cret');
      expect(waits.length > 0).toBe(expected.code === 'UNREACHABLE');
    }
  });
});
