#!/usr/bin/env node
// Stands in for Prisma's native `schema-engine` program, which its install step would download: the same JSON-RPC over stdio,
// served by the same engine compiled to WebAssembly (@prisma/schema-engine-wasm), on the driver adapters that the studio uses.
// prisma.config.ts points the command line here. A database is one entry in `databases`.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { migrationsTable } from './migrations-table.mjs';

/** @typedef {import('@prisma/driver-adapter-utils').SqlDriverAdapter} Adapter */
/** @typedef {{ connectTo: (url: string) => Promise<Adapter>, connectToShadow: (url: string) => Promise<Adapter>, drop: (url: string) => Promise<void> }} Database */

/** @type {Record<string, () => Promise<{ provider: 'sqlite' | 'postgres', adapterName: string } & Database>>} */
const databases = {
  file: async () => {
    const { PrismaLibSql } = await import('@prisma/adapter-libsql');
    const connectTo = (/** @type {string} */ url) => new PrismaLibSql({ url }).connect();
    return {
      provider: 'sqlite',
      adapterName: '@prisma/adapter-libsql',
      connectTo,
      connectToShadow: () => connectTo(':memory:'),
      drop: async (url) => ['', '-wal', '-shm', '-journal'].forEach((end) => fs.rmSync(url.slice('file:'.length) + end, { force: true })),
    };
  },
  postgresql: async () => {
    const [{ PrismaPg }, { default: pg }] = await Promise.all([import('@prisma/adapter-pg'), import('pg')]);
    nameCharacters(pg);
    const schemaOf = (/** @type {string} */ url) => new URL(url).searchParams.get('schema') ?? 'public';
    const connectTo = async (/** @type {string} */ url) => {
      const pool = new pg.Pool({ connectionString: url, max: 1, options: `-c search_path=${schemaOf(url)}` });
      const adapter = await new PrismaPg(pool, { schema: schemaOf(url), disposeExternalPool: true }).connect();
      // The adapter cuts scripts at each semicolon, in the middle of texts too; the server takes them whole.
      adapter.executeScript = async (script) => void (await pool.query(script));
      return adapter;
    };
    const run = async (/** @type {string} */ url, /** @type {string} */ sql) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(sql).finally(() => client.end());
    };
    return {
      provider: 'postgres',
      adapterName: '@prisma/adapter-pg',
      connectTo,
      connectToShadow: async (url) => {
        const shadow = new URL(url);
        const name = `prisma_migrate_shadow_db_${randomUUID()}`;
        shadow.pathname = `/${name}`;
        await run(url, `CREATE DATABASE "${name}"`);
        const adapter = await connectTo(shadow.href);
        const dispose = adapter.dispose.bind(adapter);
        adapter.dispose = async () => {
          await dispose();
          await run(url, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
        };
        return adapter;
      },
      drop: (url) => run(url, `DROP SCHEMA IF EXISTS "${schemaOf(url)}" CASCADE; CREATE SCHEMA "${schemaOf(url)}"`),
    };
  },
};
databases.postgres = databases.postgresql;

const usesMigrationsTable = new Set([
  'applyMigrations',
  'createMigration',
  'devDiagnostic',
  'diagnoseMigrationHistory',
  'evaluateDataLoss',
  'markMigrationApplied',
  'markMigrationRolledBack',
]);

const options = process.argv.slice(2);
const valuesOf = (/** @type {string} */ name) => options.flatMap((value, index) => (value === name ? [options[index + 1] ?? ''] : []));

if (options.includes('--version')) {
  console.log('schema-engine-cli wasm');
  process.exit(0);
}

/** @type {string} */
const url = JSON.parse(valuesOf('--datasource')[0] ?? '{}').url ?? 'file::memory:';
const scheme = url.slice(0, url.indexOf(':'));
const open = databases[scheme];
if (!open) {
  fail(`databases of the kind "${scheme}:" are not supported`);
  process.exit(1);
}
const database = await open();

if (options.includes('cli')) {
  try {
    if (options.at(-1) === 'drop-database') await database.drop(url);
    else await withConnection((connection) => connection.executeScript('SELECT 1'));
    process.exit(0);
  } catch (error) {
    fail(messageOf(error));
    process.exit(1);
  }
}

await serve();

/** Reads one request a line and answers each. */
async function serve() {
  const glue = await loadEngine();
  const adapters = bindMigrationAwareSqlAdapterFactory({
    provider: database.provider,
    adapterName: database.adapterName,
    connect: async () => runningScripts(await database.connectTo(url)),
    connectToShadowDb: async () => runningScripts(await database.connectToShadow(url)),
  });
  const files = valuesOf('--datamodels').flatMap((list) => list.split(','));
  const datamodels = files.map((file) => /** @type {[string, string]} */ ([file, fs.readFileSync(file, 'utf8')]));
  const start = () => glue.SchemaEngine.new({ datamodels: datamodels.length > 0 ? datamodels : undefined }, () => undefined, adapters);
  /** @type {any} Has one method for each that the command line may call. */
  let engine = await start();

  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    const request = JSON.parse(line);
    // The command line also answers our `print`s: those lines have no method.
    if (!request.method) continue;
    try {
      if (request.method === 'reset') {
        // The engine leaves SQLite's tables in place.
        engine.free();
        await database.drop(url);
        engine = await start();
        send({ id: request.id, result: {} });
        continue;
      }
      // The engine takes a missing migrations table for an error.
      if (usesMigrationsTable.has(request.method))
        await withConnection((connection) => connection.executeScript(migrationsTable[database.provider]));
      // It opens the shadow database only for a diagnosis, and needs what that one leaves behind.
      if (request.method === 'evaluateDataLoss')
        await engine.devDiagnostic({ migrationsList: request.params.migrationsList, filters: request.params.filters });
      const result = (await engine[request.method](request.params)) ?? {};
      if (request.method === 'diff' && result.stdout)
        send({ method: 'print', params: { content: result.stdout }, id: `print-${request.id}` });
      send({ id: request.id, result });
    } catch (error) {
      const message = driverMessage(error, adapters.errorRegistry) ?? messageOf(error);
      const data = { is_panic: false, message, meta: {}, error_code: Object(error).code ?? null, backtrace: null };
      send({ id: request.id, error: { code: 4466, message: 'An error happened. Check the data field for details.', data } });
    }
  }
  process.exit(0);
}

/**
 * The catalogues of PostgreSQL have columns of its internal type "char", which the adapter refuses: they are passed as bpchar.
 * @param {typeof import('pg')} pg
 */
function nameCharacters(pg) {
  /** @type {Record<number, number>} */
  const others = { 18: 1042, 1002: 1014 };
  const query = pg.Client.prototype.query;
  /** @param {any} results */
  const renamed = (results) => {
    for (const result of [results].flat())
      for (const field of result?.fields ?? []) field.dataTypeID = others[field.dataTypeID] ?? field.dataTypeID;
    return results;
  };
  pg.Client.prototype.query = /** @type {any} */ (
    function (/** @type {any[]} */ ...given) {
      const callback = given.at(-1);
      if (typeof callback === 'function') {
        given[given.length - 1] = (/** @type {unknown} */ error, /** @type {unknown} */ results) => callback(error, renamed(results));
        return Reflect.apply(query, this, given);
      }
      const answer = Reflect.apply(query, this, given);
      return answer instanceof Promise ? answer.then(renamed) : answer;
    }
  );
}

async function loadEngine() {
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  // TypeScript has WebAssembly's types only in the library of browsers.
  const { WebAssembly } = /** @type {any} */ (globalThis);
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(file.replace(/\.js$/, '.wasm')), { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

/** The engine sends whole migration files through `executeRaw`, where drivers take a single statement. @param {Adapter} adapter */
function runningScripts(adapter) {
  const single = adapter.executeRaw.bind(adapter);
  adapter.executeRaw = async (query) => {
    if (query.args.length > 0) return single(query);
    await adapter.executeScript(query.sql);
    return 0;
  };
  return adapter;
}

/** @param {(connection: Adapter) => Promise<void>} work */
async function withConnection(work) {
  const connection = await database.connectTo(url);
  try {
    await work(connection);
  } finally {
    await connection.dispose();
  }
}

/** What the driver said; the engine only carries its number. @param {unknown} error @param {import('@prisma/driver-adapter-utils').ErrorRegistry} registry */
function driverMessage(error, registry) {
  const number = /External error id#(\d+)/.exec(messageOf(error))?.[1];
  const record = number === undefined ? undefined : registry.consumeError(Number(number));
  return record && messageOf(record.error);
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {object} message */
function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

/** How the native program reports that it cannot work. @param {string} message */
function fail(message) {
  const fields = { message, is_panic: false, error_code: 'P1001', meta: {} };
  console.error(JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', timestamp: new Date().toISOString(), fields }));
}
