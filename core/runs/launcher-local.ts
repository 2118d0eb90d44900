import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import process from 'node:process';
import { inspectWorker, readOwner, runFolderAt, workerProgram } from '@anneal/engine';
import { pause } from '../streams/wake.ts';
import { engineEnvironment, nodeArguments } from './engine-process.ts';
import type { Launcher } from './launcher.ts';

/** Longer than any start takes: until then a worker may not have taken its folder yet. Milliseconds. */
const startLimit = 60_000;

export interface LocalLauncherOptions {
  /** The program that works on a run folder, run by tsx. */
  program?: string;
}

/** Workers are processes of their own on this machine. They go on when the studio ends. */
export class LocalLauncher implements Launcher {
  readonly #program: string;

  constructor({ program = workerProgram }: LocalLauncherOptions = {}) {
    this.#program = program;
  }

  async start(runFolder: string): Promise<void> {
    const paths = runFolderAt(runFolder);
    const log = fs.openSync(paths.log, 'a');
    try {
      const child = spawn(process.execPath, [...nodeArguments, this.#program, runFolder], {
        cwd: runFolder,
        detached: true,
        windowsHide: true,
        stdio: ['ignore', log, log],
        env: engineEnvironment(),
      });
      await once(child, 'spawn');
      child.unref();
      await hasTaken(child, paths.worker);
    } finally {
      fs.closeSync(log);
    }
  }

  async isAlive(runFolder: string): Promise<boolean> {
    const { state, pid } = inspectWorker(runFolder);
    if (state === 'stalled' && pid !== null) kill(pid);
    return state === 'running';
  }
}

async function hasTaken(child: ChildProcess, claim: string): Promise<void> {
  const deadline = Date.now() + startLimit;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    if (readOwner(claim)?.pid === child.pid) return;
    await pause(50);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
