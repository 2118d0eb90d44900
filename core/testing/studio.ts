import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { inspectWorker } from '@anneal/engine';
import { type Script, scriptedWorkerProgram, writeScript } from '@anneal/engine/testing';
import type { Run, RunState } from '@anneal/prisma';
import { readConfig, type StudioConfig } from '../config.ts';
import { createLogger } from '../logger.ts';
import type { Launcher } from '../runs/launcher.ts';
import { LocalLauncher } from '../runs/launcher-local.ts';
import { createStudio, type Studio, type StudioParts } from '../studio.ts';

/** Silent; tests read what happened from the studio. */
const logger = createLogger('silent');

const configIn = (dataFolder: string): StudioConfig => readConfig({ DATA_DIR: dataFolder, PORT: '0' });

export const temporaryFolder = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-core-'));

/** Starts real processes that follow a script in place of training. */
export function scriptedLauncher(script: Script): Launcher {
  const local = new LocalLauncher({ program: scriptedWorkerProgram });
  return {
    start: (folder) => {
      writeScript(folder, script);
      return local.start(folder);
    },
    isAlive: (folder) => local.isAlive(folder),
  };
}

/** A launcher of workers that never come: runs stay STARTING, and the test plays the worker. */
export const idleLauncher: Launcher = { start: async () => undefined, isAlive: async () => true };

export const openStudio = (dataFolder: string, parts: StudioParts = {}): Promise<Studio> =>
  createStudio(configIn(dataFolder), { logger, ...parts });

/** Ends the workers that a test has left, and removes the folder. */
export function cleanUp(dataFolder: string): void {
  const runs = path.join(dataFolder, 'runs');
  for (const name of fs.existsSync(runs) ? fs.readdirSync(runs) : []) kill(path.join(runs, name));
  fs.rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Ends the worker of a run at once. */
export function kill(runFolder: string): void {
  const { state, pid } = inspectWorker(runFolder);
  if (pid !== null && state === 'running') process.kill(pid, 'SIGKILL');
}

export async function until<T>(read: () => Promise<T>, condition: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (condition(value)) return value;
    await setTimeout(20);
  }
}

export const untilState = (studio: Studio, runId: string, ...states: RunState[]): Promise<Run> =>
  until(
    () => studio.prisma.run.findUniqueOrThrow({ where: { id: runId } }),
    ({ state }) => states.includes(state),
  );

export const untilStep = (studio: Studio, runId: string, step: number): Promise<Run> =>
  until(
    () => studio.prisma.run.findUniqueOrThrow({ where: { id: runId } }),
    (run) => run.step >= step,
  );

/** States that a run went through, in order. */
export const statesOf = async (studio: Studio, runId: string): Promise<(RunState | null)[]> =>
  (await studio.prisma.runEvent.findMany({ where: { runId, type: 'STATE' }, orderBy: { sequence: 'asc' } })).map(({ state }) => state);
