import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import process from 'node:process';
import { inspectWorker, nodeArguments, readOwner, runFolderAt, workerProgram } from '@anneal/engine';
import { pause } from '../streams/wake.ts';
import { environmentOfSlot, hubEnvironment } from './engine-process.ts';
import { attemptMark } from './last-words.ts';
import type { Launcher } from './launcher.ts';

/** Longer than any start takes: until then a worker may not have taken its folder yet. Milliseconds. */
const startLimit = 60_000;

/** A machine that slept has workers whose last sign of life is old: they get so long for a new one. Milliseconds. */
const secondChance = 2000;

export interface LocalLauncherOptions {
  /** The program that works on a run folder, in TypeScript. */
  program?: string;
  /** A worker without a sign of life for so long is ended, though its process is there. Default 60,000 milliseconds. */
  patience?: number;
}

/** Workers are processes of their own on this machine. They go on when the studio ends. */
export class LocalLauncher implements Launcher {
  readonly #program: string;
  readonly #patience: number | undefined;
  /** Since when a worker is seen without a sign of life, by process number. */
  readonly #stalledSince = new Map<number, number>();

  constructor({ program = workerProgram, patience }: LocalLauncherOptions = {}) {
    this.#program = program;
    this.#patience = patience;
  }

  async start(runFolder: string, { slot }: { slot: string | null }): Promise<void> {
    const paths = runFolderAt(runFolder);
    // A dataset of the Hub is fetched by the worker that trains on it.
    const env = { ...(await environmentOfSlot(slot)), ...hubEnvironment() };
    const log = fs.openSync(paths.log, 'a');
    try {
      fs.writeSync(log, attemptMark());
      const child = spawn(process.execPath, [...nodeArguments, this.#program, runFolder, '--retry'], {
        cwd: runFolder,
        detached: true,
        windowsHide: true,
        stdio: ['ignore', log, log],
        env,
      });
      await once(child, 'spawn');
      child.unref();
      await hasTaken(child, paths.worker);
    } finally {
      fs.closeSync(log);
    }
  }

  async isAlive(runFolder: string): Promise<boolean> {
    const { state, pid } = inspectWorker(runFolder, this.#patience);
    if (state !== 'stalled' || pid === null) {
      if (pid !== null) this.#stalledSince.delete(pid);
      return state === 'running';
    }
    const since = this.#stalledSince.get(pid) ?? Date.now();
    this.#stalledSince.set(pid, since);
    if (Date.now() - since >= secondChance) kill(pid);
    return true;
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
