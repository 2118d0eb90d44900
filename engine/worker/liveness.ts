import { readOwner } from './claim.ts';
import { heartbeatAge } from './heartbeat.ts';
import { isRunning } from './process-identity.ts';
import { runFolderAt } from './run-folder.ts';

/** `stalled`: the process is there and did not give a sign of life for a long time. */
export type WorkerState = 'none' | 'running' | 'stalled' | 'gone';

/** A process that was stopped for a while, or a machine that slept, is not dead yet. Milliseconds. */
const patience = 60_000;
/** Where a process number may belong to somebody else by now, only the heartbeat tells. Milliseconds. */
const patienceWithoutIdentity = 10_000;

/**
 * What became of the worker of a run folder.
 * @param limit milliseconds without a sign of life after which it counts as stalled
 */
export function inspectWorker(folder: string, limit = patience): { state: WorkerState; pid: number | null } {
  const { worker, heartbeat } = runFolderAt(folder);
  const owner = readOwner(worker);
  if (!owner) return { state: 'none', pid: null };
  const age = Math.min(heartbeatAge(heartbeat) ?? Infinity, Date.now() - owner.since);
  if (!isRunning(owner)) return { state: 'gone', pid: owner.pid };
  if (owner.start === null) return { state: age < patienceWithoutIdentity ? 'running' : 'gone', pid: owner.pid };
  return { state: age < limit ? 'running' : 'stalled', pid: owner.pid };
}
