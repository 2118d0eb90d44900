import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailed } from './setup/command.mjs';
import { adoptInstall, install, isInstalled } from './setup/install.mjs';
import { withLock } from './setup/lock.mjs';
import { nodeProblem } from './setup/node.mjs';
import { isPrepared, prepare } from './setup/prepare.mjs';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Installs, generates and builds what is missing or out of date; does nothing, within milliseconds, when nothing is.
 * Two at once take turns.
 * @param {(line: string) => void} say tells a person what is going on
 * @returns {Promise<boolean>} false when it failed; the reason has been told
 */
export async function setUp(say) {
  const problem = nodeProblem(process.versions.node);
  if (problem) {
    say(problem);
    return false;
  }
  if (isInstalled(root) && isPrepared(root)) return true;
  try {
    await withLock(path.join(root, '.cache/setup/lock'), () => bringUpToDate(say), {
      onWait: () => say('Another start is setting things up; waiting for it…'),
    });
    return true;
  } catch (error) {
    say(explain(error));
    return false;
  }
}

/** @param {(line: string) => void} say */
async function bringUpToDate(say) {
  if (!isInstalled(root) && !adoptInstall(root)) {
    const first = !fs.existsSync(path.join(root, 'node_modules'));
    say(first ? 'Installing packages (first start only)…' : 'Installing packages (package-lock.json has changed)…');
    await install(root);
  }
  if (!isPrepared(root)) {
    say('Building the web client and the database client (only after a change)…');
    await prepare(root);
  }
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof CommandFailed) return `${error.output.trimEnd()}\n\nThe set-up stopped: ${error.message}. The reason stands above.`;
  if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'ENOSPC'))
    return `The set-up stopped: ${error.message}. This folder must be writable and have about 2 GB free: ${root}`;
  throw error;
}
