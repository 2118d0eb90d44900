import fs from 'node:fs';
import path from 'node:path';
import { fingerprint } from './fingerprint.mjs';
import { runQuietly } from './command.mjs';
import { readStamp, removeStamp, writeStamp } from './stamp.mjs';

/** What the generated database client, the generated types and the built web client are made from. */
const inputs = ['package-lock.json', 'turbo.json', 'prisma', 'schema/schema.graphql', 'client'];
/** Proof that they are still there. */
const outputs = ['prisma/generated', 'client/.svelte-kit/tsconfig.json', 'client/build/index.html'];

/** @param {string} root */
const stampFile = (root) => path.join(root, '.cache/setup/prepared');

/**
 * Whether everything that is generated and built is there and belongs to the sources as they are now.
 * @param {string} root the repository
 */
export function isPrepared(root) {
  return outputs.every((output) => fs.existsSync(path.join(root, output))) && readStamp(stampFile(root)) === fingerprint(root, inputs);
}

/**
 * Generates and builds; turbo takes what has not changed from its cache.
 * @param {string} root the repository
 * @throws {import('./command.mjs').CommandFailed}
 */
export async function prepare(root) {
  removeStamp(stampFile(root));
  const turbo = path.join(root, 'node_modules/turbo/bin/turbo');
  await runQuietly(process.execPath, [turbo, 'run', 'generate', 'build', '--ui=stream', '--output-logs=errors-only'], {
    cwd: root,
    env: {
      ...process.env,
      TURBO_TELEMETRY_DISABLED: '1',
      TURBO_NO_UPDATE_NOTIFIER: '1',
      TURBO_CACHE: 'local:rw',
      DO_NOT_TRACK: '1',
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    },
  });
  writeStamp(stampFile(root), fingerprint(root, inputs));
}
