import path from 'node:path';
import { defineConfig } from 'prisma/config';
import { twinFile, writeTwin } from './twin.mjs';

// The command line would download a native schema engine; the same engine comes from npm as WebAssembly.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= path.join(import.meta.dirname, 'schema-engine.mjs');
process.env.CHECKPOINT_DISABLE ??= '1';
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1';

const url = process.env.DATABASE_URL ?? `file:${path.join(import.meta.dirname, '../.cache/development.db')}`;
const isPostgresql = /^postgres(ql)?:/.test(url);
if (isPostgresql) writeTwin();

/** Tables that Prisma knows nothing of: what prompts are searched in is made by hand in the migrations, for each database its own way. */
const searchTables = ['', '_data', '_idx', '_content', '_docsize', '_config'].map(
  (part) => `${isPostgresql ? 'public.' : ''}PromptSearch${part}`,
);

/** For people who work on the schema: the studio applies migrations by itself (migrations.ts). DATABASE_URL chooses the database. */
export default defineConfig({
  schema: isPostgresql ? twinFile : 'schema.prisma',
  migrations: { path: isPostgresql ? 'migrations/postgresql' : 'migrations/sqlite' },
  datasource: { url },
  experimental: { externalTables: true },
  tables: { external: searchTables },
});
