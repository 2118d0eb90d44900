import path from 'node:path';
import process from 'node:process';
import { EngineError } from '../errors.ts';
import { type Train, work } from './work.ts';

/**
 * Makes this process the worker of the run folder that is its first argument, and ends it with the run. With `--retry` behind it a run that
 * failed or was cancelled goes on.
 * Exit code 0: the run came to its end or can go on later; 1: it failed, or another process works on it.
 */
export async function runAsProcess(train: Train): Promise<never> {
  const folder = process.argv[2];
  if (folder === undefined) {
    console.error('Usage: main.ts <run folder> [--retry]');
    process.exit(1);
  }
  // A stop by the system or at the terminal: the run is saved and goes on when a worker is started again.
  const suspend = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => suspend.abort());
  try {
    const retry = process.argv.includes('--retry');
    process.exit((await work(path.resolve(folder), train, suspend.signal, { retry })) === null ? 0 : 1);
  } catch (error) {
    console.error(error instanceof EngineError ? error.message : error);
    process.exit(1);
  }
}
