import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { inspectWorker } from '@anneal/engine';
import { type Script, scriptedWorkerProgram, writeScript } from '@anneal/engine/testing';
import type { Run, RunState } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { scopes, type Viewer } from '../access/viewer.ts';
import { readConfig, type StudioConfig } from '../config.ts';
import { defaultProjectId, localUserId } from '../identity/local-user.ts';
import { createLogger } from '../logger.ts';
import type { Launcher } from '../runs/launcher.ts';
import { LocalLauncher } from '../runs/launcher-local.ts';
import { createStudio, type Studio, type StudioParts } from '../studio.ts';

/** Silent; tests read what happened from the studio. */
const logger = createLogger('silent');

const configIn = async (dataFolder: string, environment: Record<string, string>): Promise<StudioConfig> =>
  readConfig({ DATA_DIR: dataFolder, DATABASE_URL: await testDatabase(dataFolder), PORT: '0', ...environment });

/** The one user of a studio without accounts, who owns its first project. */
export const owner: Viewer = {
  userId: localUserId,
  name: 'Local user',
  isAdministrator: true,
  credential: { kind: 'local' },
  scopes: new Set(scopes),
  roles: new Map([[defaultProjectId, 'OWNER']]),
  address: '',
};

export const temporaryFolder = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-core-'));

/** Starts real processes that follow a script in place of training. @param patience with one that gives no sign of life, milliseconds */
export function scriptedLauncher(script: Script, patience?: number): Launcher {
  const local = new LocalLauncher({ program: scriptedWorkerProgram, patience });
  return {
    start: (folder, options) => {
      writeScript(folder, script);
      return local.start(folder, options);
    },
    isAlive: (folder) => local.isAlive(folder),
  };
}

/** A launcher of workers that never come: runs stay STARTING, and the test plays the worker. */
export const idleLauncher: Launcher = { start: async () => undefined, isAlive: async () => true };

/** @param environment settings: `{ ENCRYPT_FILES: 'true' }` */
export const openStudio = async (dataFolder: string, parts: StudioParts = {}, environment: Record<string, string> = {}): Promise<Studio> =>
  createStudio(await configIn(dataFolder, environment), { logger, slots: 1, firstPause: 20, ...parts });

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
