import path from 'node:path';
import { defineConfig } from 'prisma/config';

// The command line would download a native schema engine; the same engine comes from npm as WebAssembly.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= path.join(import.meta.dirname, 'schema-engine.mjs');
process.env.CHECKPOINT_DISABLE ??= '1';
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1';

/** For people who work on the schema: the studio applies migrations by itself (migrations.ts). */
export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL ?? `file:${path.join(import.meta.dirname, '../.cache/development.db')}` },
});
