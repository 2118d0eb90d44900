import path from 'node:path';

/**
 * One step of the gate. `report`: where vitest writes its results. `missing`: what it needs and this machine lacks, with what to do.
 * @typedef {{
 *   name: string, about: string, command: string[], report?: string, env?: Record<string, string>,
 *   missing?: () => Promise<string | undefined>
 * }} Step
 */

/** @param {string} bin relative to node_modules */
const node = (bin) => [process.execPath, path.join('node_modules', bin)];

/** @param {string} name @param {string} about @returns {Step} */
function vitest(name, about) {
  const report = `.cache/test/${name}.json`;
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return { name, about, report, command: [...node('vitest/vitest.mjs'), 'run', `--project=${name}`, ...reporters] };
}

/** Found out late: before the set-up there are no packages to ask. */
async function missingPostgresql() {
  const { postgresqlPrograms } = await import('@anneal/prisma/testing/programs');
  return postgresqlPrograms() ? undefined : 'PostgreSQL is not installed: on Debian, apt-get install postgresql';
}

/** @type {Step[]} */
const ofSources = [
  { name: 'lint', about: 'ESLint', command: [...node('eslint/bin/eslint.js'), '.', '--max-warnings=0'] },
  { name: 'types', about: 'TypeScript, all packages', command: [...node('typescript/bin/tsc'), '-p', 'tsconfig.json', '--pretty'] },
  {
    name: 'client-types',
    about: 'svelte-check',
    command: [
      ...node('svelte-check/bin/svelte-check'),
      '--workspace',
      'client',
      '--tsconfig',
      './tsconfig.json',
      '--fail-on-warnings',
      '--output',
      'human',
    ],
  },
  {
    name: 'format',
    about: 'Prettier',
    command: [...node('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '--cache', '--cache-location=.cache/prettier', '.'],
  },
  { name: 'unused', about: 'Knip: dead code, unused packages', command: [...node('knip/bin/knip.js'), '--no-progress'] },
  {
    name: 'schema',
    about: 'schema.graphql matches the code',
    command: [process.execPath, '--import', 'tsx', 'schema/print.ts', '--check'],
  },
  {
    name: 'schema-changes',
    about: 'breaking changes are told in schema/CHANGES.md',
    command: [process.execPath, '--import', 'tsx', 'schema/breaking-changes.ts'],
  },
];

/**
 * Steps that keep one core busy, or little more: they run two at a time. The longest of those that look at the sources only comes first.
 * @type {Step[]}
 */
export const narrowSteps = [
  ...ofSources,
  vitest('browser', 'tests/browser: the studio in a real browser'),
  vitest('faults', 'tests/faults: processes killed, files broken'),
];

/**
 * Steps that run two files of tests at a time: one step after the other.
 * @type {Step[]}
 */
export const wideSteps = [
  vitest('packages', 'tests beside the code'),
  { ...vitest('postgresql', 'tests of the database again, on PostgreSQL'), missing: missingPostgresql },
  vitest('protocol', 'tests/protocol: the API as other clients see it'),
];
