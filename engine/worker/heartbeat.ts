import fs from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Touches a file each second until stopped, or until this process dies. */
export function startHeartbeat(file: string): { stop(): Promise<void> } {
  fs.writeFileSync(file, '');
  const thread = new Worker(new URL('heartbeat.mjs', import.meta.url), { workerData: file, execArgv: [], stdout: false, stderr: false });
  thread.unref();
  // Without a heartbeat training still goes on; the process itself shows that it lives.
  thread.on('error', () => undefined);
  return {
    stop: async () => {
      await thread.terminate();
    },
  };
}

/** Milliseconds since the last beat; null when there was none. */
export function heartbeatAge(file: string): number | null {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat ? Date.now() - stat.mtimeMs : null;
}
