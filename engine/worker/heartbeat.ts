import fs from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { WorkerHistory } from './memory-death.ts';

/**
 * Writes a file each second until stopped, or until this process dies: what is known of the machine's memory, see
 * memory-death.ts. A worker that leaves in good order leaves it empty.
 */
export function startHeartbeat(file: string, history: WorkerHistory = { step: 0, deaths: 0, logBytes: 0 }): { stop(): Promise<void> } {
  fs.writeFileSync(file, '');
  const thread = new Worker(new URL('heartbeat.mjs', import.meta.url), {
    workerData: { file, history },
    execArgv: [],
    stdout: false,
    stderr: false,
  });
  thread.unref();
  // Without a heartbeat training still goes on; the process itself shows that it lives.
  thread.on('error', () => undefined);
  return {
    stop: async () => {
      await thread.terminate();
      fs.writeFileSync(file, '');
    },
  };
}

/** Milliseconds since the last beat; null when there was none. */
export function heartbeatAge(file: string): number | null {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat ? Date.now() - stat.mtimeMs : null;
}
