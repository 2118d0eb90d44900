import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

/** What is never a test file, whatever its name. */
const exclude = ['**/node_modules/**', '**/generated/**', '**/build/**', '**/.svelte-kit/**', '**/.cache/**', '**/.turbo/**'];

/** Vite would load the ES module of graphql beside the CommonJS one that its users get from Node; its classes must be there once. */
const resolve = { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] };

/**
 * Four projects. `packages`: beside the code, run side by side. The others start servers, workers or a browser:
 * one file at a time, so that they do not fight for the cores.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        resolve,
        test: {
          name: 'packages',
          include: ['{api,client,core,engine,prisma,schema,scripts}/**/*.test.{ts,mjs}'],
          exclude,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      crossing('protocol', 60_000),
      crossing('faults', 240_000),
      crossing('browser', 240_000),
    ],
  },
});

function crossing(name: string, timeout: number) {
  return {
    resolve,
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      exclude,
      testTimeout: timeout,
      hookTimeout: timeout,
      fileParallelism: false,
      maxWorkers: 1,
    },
  };
}
