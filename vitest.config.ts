import { createRequire } from 'node:module';
import process from 'node:process';
import { defineConfig } from 'vitest/config';

/** What is never a test file, whatever its name. */
const exclude = ['**/node_modules/**', '**/generated/**', '**/build/**', '**/.svelte-kit/**', '**/.cache/**', '**/.turbo/**'];

/** Vite would load the ES module of graphql beside the CommonJS one that its users get from Node; its classes must be there once. */
const resolve = { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] };

/**
 * Tests that run on both databases: `packages` and `protocol` on SQLite, `postgresql` on PostgreSQL. The gate runs some, chosen to take two
 * minutes; `ON_POSTGRESQL=all` runs all that open a database.
 */
const chosen = [
  'core/{backup,limits,metrics,model-versions,projects,runs,streams}/**/*.test.ts',
  'core/ab-tests/ab-tests.test.ts',
  'core/datasets/datasets.test.ts',
  'core/feedback/feedback.test.ts',
  'core/prompts/{labels,versions}.test.ts',
  'tests/protocol/{changes,events,live,reads}.test.ts',
];
const onBothDatabases = process.env.ON_POSTGRESQL === 'all' ? ['core/**/*.test.ts', 'tests/protocol/**/*.test.ts'] : chosen;
const onPostgresqlOnly = ['prisma/postgresql/**/*.test.ts', 'core/servers/**/*.test.ts'];

/**
 * Files share a process and the modules that it has loaded, which takes longer than most tests. There is nothing in the modules that
 * lives longer than a test; what a test changes of the environment it puts back.
 */
const inOneProcess = { isolate: false };

/**
 * Five projects. `packages`: beside the code, run side by side, as those of `protocol` are, which start servers. `postgresql`: some of
 * all tests, again, on a PostgreSQL server of their own. The others start workers or a browser: one file at a time, so that they do not
 * fight for the cores.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        resolve,
        test: {
          name: 'packages',
          ...inOneProcess,
          include: ['{api,client,core,engine,plugins,prisma,schema,scripts}/**/*.test.{ts,mjs}'],
          exclude: [...exclude, ...onPostgresqlOnly],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        test: {
          name: 'postgresql',
          ...inOneProcess,
          include: [...onBothDatabases, ...onPostgresqlOnly],
          exclude,
          globalSetup: ['prisma/testing/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      crossing('protocol', 60_000, { ...inOneProcess, maxWorkers: 2 }),
      crossing('faults', 240_000),
      crossing('browser', 240_000),
    ],
  },
});

function crossing(name: string, timeout: number, { isolate = true, maxWorkers = 1 } = {}) {
  return {
    resolve,
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      exclude,
      testTimeout: timeout,
      hookTimeout: timeout,
      isolate,
      fileParallelism: maxWorkers > 1,
      maxWorkers,
    },
  };
}
