import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { inspectWorker, nodeArguments } from '@anneal/engine';
import { type Script, tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Studio, StudioParts } from '../studio.ts';
import { Invalid } from '../errors.ts';
import { LocalLauncher } from './launcher-local.ts';
import {
  cleanUp,
  idleLauncher,
  kill,
  openStudio,
  owner,
  scriptedLauncher,
  statesOf,
  temporaryFolder,
  until,
  untilState,
  untilStep,
} from '../testing/studio.ts';

let shared: string;
let places: { model: string; data: string };
beforeAll(async () => {
  shared = temporaryFolder();
  places = await writeTinyModel(shared);
});
afterAll(() => fs.rmSync(shared, { recursive: true }));

let folder: string;
const open: Studio[] = [];
beforeEach(() => (folder = temporaryFolder()));
afterEach(async () => {
  for (const studio of open.splice(0)) await studio.close();
  cleanUp(folder);
});

async function studioWith(script: Script, parts: StudioParts = {}): Promise<Studio> {
  const studio = await openStudio(folder, { launcher: scriptedLauncher(script), ...parts });
  open.push(studio);
  return studio;
}

async function close(studio: Studio): Promise<void> {
  open.splice(open.indexOf(studio), 1);
  await studio.close();
}

const config = (steps: number) => ({
  model: { base: places.model },
  data: { path: places.data },
  schedule: { maxSteps: steps },
  run: { checkpointEvery: 5 },
});

/** All steps of a run in the database, in the order in which they came. */
const stepsOf = async (studio: Studio, runId: string) =>
  (await studio.prisma.metricPoint.findMany({ where: { runId, key: 'loss' }, orderBy: { sequence: 'asc' } })).map(({ step }) => step);
const range = (to: number) => Array.from({ length: to }, (_, index) => index + 1);

describe('the supervisor', () => {
  it('runs what is queued, one after the other, first come first served', async () => {
    const studio = await studioWith({});
    const runs = [
      await studio.runs.start(owner, { config: config(8) }),
      await studio.runs.start(owner, { config: config(8) }),
      await studio.runs.start(owner, { config: config(8) }),
    ];
    for (const run of runs) await untilState(studio, run.id, 'COMPLETED');
    const ended = await studio.prisma.run.findMany({ orderBy: { createdAt: 'asc' } });
    expect(ended.map(({ id }) => id)).toEqual(runs.map(({ id }) => id));
    for (const [index, run] of ended.entries()) {
      expect(await statesOf(studio, run.id)).toEqual(['QUEUED', 'STARTING', 'RUNNING', 'COMPLETED']);
      expect(run.attempts).toBe(1);
      expect(run.startedAt!.getTime()).toBeGreaterThanOrEqual(ended[index - 1]?.finishedAt?.getTime() ?? 0);
    }
  });

  it('starts a killed worker again, which goes on from its last checkpoint', async () => {
    const studio = await studioWith({ stepMilliseconds: 10 });
    const { id } = await studio.runs.start(owner, { config: config(120) });
    for (const step of [13, 40]) {
      await untilStep(studio, id, step);
      await untilState(studio, id, 'RUNNING');
      kill(studio.runs.folderOf(id));
    }
    const run = await untilState(studio, id, 'COMPLETED', 'FAILED');
    expect(run).toMatchObject({ state: 'COMPLETED', step: 120 });
    expect(run.attempts).toBeGreaterThanOrEqual(2);
    expect(await stepsOf(studio, id)).toEqual(range(120));
    expect(await statesOf(studio, id)).toEqual([
      'QUEUED',
      ...Array.from({ length: run.attempts }, () => ['STARTING', 'RUNNING']).flat(),
      'COMPLETED',
    ]);
  });

  it('gives a run up whose worker dies again and again at the same step', async () => {
    const studio = await studioWith({ at: 8, happens: 'crash' });
    const { id } = await studio.runs.start(owner, { config: config(20) });
    const run = await untilState(studio, id, 'COMPLETED', 'FAILED');
    // The first attempt got ahead; three more did not.
    expect(run).toMatchObject({ state: 'FAILED', step: 7, attempts: 4, errorCode: 'WORKER_CRASHED' });
    expect(run.errorMessage).toContain('3 times in a row without a new step after step 7');
  });

  it('tells the last words of a worker that cannot even start', async () => {
    const studio = await studioWith({}, { launcher: failingLauncher(folder) });
    const { id } = await studio.runs.start(owner, { config: config(20) });
    const run = await untilState(studio, id, 'FAILED');
    expect(run).toMatchObject({ errorCode: 'WORKER_CRASHED', attempts: 3 });
    expect(run.errorMessage).toContain('Its last words: Error: the library is missing');
    expect(run.errorMessage).not.toContain('    at ');
  });

  it('keeps a failure that the worker explains, and does not try again', async () => {
    const studio = await studioWith({ at: 3, happens: 'advice' });
    const { id } = await studio.runs.start(owner, { config: config(20) });
    expect(await untilState(studio, id, 'FAILED')).toMatchObject({
      errorCode: 'DATASET_INVALID',
      errorIssues: [{ path: 'rows.3.output', message: 'is missing' }],
      attempts: 1,
    });
  });

  it('waits for a worker that another studio had just started when it died', async () => {
    const first = await studioWith({}, { launcher: idleLauncher });
    const { id } = await first.runs.start(owner, { config: config(20) });
    await untilState(first, id, 'STARTING');
    await close(first);
    const script = {};
    const second = await studioWith(script);
    // It looked at the run once at least, and no worker was there.
    await setTimeout(1000);
    await scriptedLauncher(script).start(second.runs.folderOf(id), { slot: null });
    expect(await untilState(second, id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', attempts: 1, crashes: 0 });
  });

  it('leaves workers running when it closes, and the next one takes them over', async () => {
    const first = await studioWith({ stepMilliseconds: 20 });
    const { id } = await first.runs.start(owner, { config: config(100) });
    await untilStep(first, id, 5);
    await close(first);
    expect(inspectWorker(first.runs.folderOf(id)).state).toBe('running');
    const second = await studioWith({ stepMilliseconds: 20 });
    expect(await untilState(second, id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', attempts: 1 });
    expect(await stepsOf(second, id)).toEqual(range(100));
  });

  it('loses no step and repeats none when the studio is killed, and its worker too', async () => {
    const script: Script = { stepMilliseconds: 20 };
    const opener = await studioWith(script, { launcher: idleLauncher, slots: 0 });
    const { id } = await opener.runs.start(owner, { config: config(150) });
    await close(opener);
    const killed = spawn(
      process.execPath,
      [...nodeArguments, path.join(import.meta.dirname, '../testing/studio-process.ts'), folder, JSON.stringify(script)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(killed.stdout, 'data');
    const journal = path.join(folder, 'runs', id, 'journal.ndjson');
    await until(
      async () => (fs.existsSync(journal) ? fs.readFileSync(journal, 'utf8').split('\n').length : 0),
      (lines) => lines > 20,
    );
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(inspectWorker(path.join(folder, 'runs', id)).state).toBe('running');
    kill(path.join(folder, 'runs', id));
    const studio = await studioWith(script);
    expect(await untilState(studio, id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', attempts: 2, step: 150 });
    expect(await stepsOf(studio, id)).toEqual(range(150));
  });

  // Servers on PostgreSQL share it.
  it.skipIf(process.env.TEST_POSTGRESQL !== undefined)('lets no second studio into the data folder', async () => {
    await studioWith({});
    await expect(openStudio(folder)).rejects.toThrow(`in use by another studio (process ${process.pid})`);
  });

  it('trains a real model through to the end', async () => {
    fs.cpSync(shared, path.join(folder, 'models', 'tiny'), { recursive: true });
    const studio = await openStudio(folder);
    open.push(studio);
    const input = tinyConfig(places, 12);
    const { id } = await studio.runs.start(owner, {
      name: 'Tiny',
      config: { ...input, model: { base: 'models/tiny/model' }, data: { ...input.data, path: 'models/tiny/rows.jsonl' } },
    });
    const run = await untilState(studio, id, 'COMPLETED', 'FAILED');
    expect(run).toMatchObject({ state: 'COMPLETED', step: 12, totalSteps: 12, errorMessage: null });
    const [loss] = await studio.metrics.series(run, ['loss']);
    expect(loss!.buckets).toHaveLength(12);
    expect(loss!.buckets.at(-1)!.last!).toBeLessThan(loss!.buckets[0]!.last!);
  });
});

describe('RunService.cancel', () => {
  it('ends a queued run at once and a training one between two steps', async () => {
    const studio = await studioWith({ stepMilliseconds: 10 });
    const training = await studio.runs.start(owner, { config: config(10_000) });
    const queued = await studio.runs.start(owner, { config: config(10_000) });
    await untilStep(studio, training.id, 3);
    expect(await studio.runs.cancel(owner, queued.id)).toMatchObject({ state: 'CANCELLED' });
    expect(await studio.runs.cancel(owner, training.id)).toMatchObject({ state: 'CANCELLING' });
    await untilState(studio, training.id, 'CANCELLED');
    expect(await statesOf(studio, queued.id)).toEqual(['QUEUED', 'CANCELLED']);
    expect(await statesOf(studio, training.id)).toEqual(['QUEUED', 'STARTING', 'RUNNING', 'CANCELLING', 'CANCELLED']);
    await expect(studio.runs.cancel(owner, training.id)).rejects.toThrow('has ended already');
    await expect(studio.runs.cancel(owner, 'nobody')).rejects.toThrow('no run nobody');
  });

  it('ends a run whose worker died on the way', async () => {
    const studio = await studioWith({ stepMilliseconds: 3000 });
    const { id } = await studio.runs.start(owner, { config: config(10_000) });
    await untilState(studio, id, 'RUNNING');
    await studio.runs.cancel(owner, id);
    kill(studio.runs.folderOf(id));
    expect(await untilState(studio, id, 'CANCELLED')).toMatchObject({ attempts: 1 });
  });
});

describe('RunService.pause and resume', () => {
  it('make room for another run, and go on without losing or repeating a step', async () => {
    const studio = await studioWith({ at: 14, happens: 'hold' });
    const first = await studio.runs.start(owner, { config: config(60) });
    await untilStep(studio, first.id, 13);
    // It ends before the step at which it would hold.
    const second = await studio.runs.start(owner, { config: config(10) });
    expect(await studio.runs.pause(owner, first.id)).toMatchObject({ state: 'PAUSING' });
    const paused = await untilState(studio, first.id, 'PAUSED', 'COMPLETED');
    expect(paused).toMatchObject({ state: 'PAUSED', finishedAt: null });
    expect(await studio.runs.pause(owner, first.id)).toMatchObject({ state: 'PAUSED' });
    await untilState(studio, second.id, 'COMPLETED', 'FAILED');
    expect((await studio.prisma.run.findUniqueOrThrow({ where: { id: first.id } })).step).toBe(paused.step);

    expect(await studio.runs.resume(owner, first.id)).toMatchObject({ state: 'QUEUED' });
    expect(await untilState(studio, first.id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', step: 60, attempts: 2 });
    expect(await stepsOf(studio, first.id)).toEqual(range(60));
    expect(await statesOf(studio, first.id)).toEqual([
      ...['QUEUED', 'STARTING', 'RUNNING', 'PAUSING', 'PAUSED'],
      ...['QUEUED', 'STARTING', 'RUNNING', 'COMPLETED'],
    ]);
  });

  it('hold a queued run back', async () => {
    const studio = await studioWith({}, { slots: 0 });
    const { id } = await studio.runs.start(owner, { config: config(5) });
    expect(await studio.runs.pause(owner, id)).toMatchObject({ state: 'PAUSED' });
    expect(await studio.runs.resume(owner, id)).toMatchObject({ state: 'QUEUED' });
    expect(await studio.runs.resume(owner, id)).toMatchObject({ state: 'QUEUED' });
    await studio.runs.pause(owner, id);
    expect(await studio.runs.cancel(owner, id)).toMatchObject({ state: 'CANCELLED' });
    await expect(studio.runs.pause(owner, id)).rejects.toThrow('has ended already');
    await expect(studio.runs.resume(owner, id)).rejects.toThrow('cannot go on');
    await expect(studio.runs.resume(owner, 'nobody')).rejects.toThrow('no run nobody');
  });

  it('stay possible when the worker or the studio dies on the way', async () => {
    const studio = await studioWith({ stepMilliseconds: 3000 });
    const { id } = await studio.runs.start(owner, { config: config(10_000) });
    await untilState(studio, id, 'RUNNING');
    await studio.runs.pause(owner, id);
    await expect(studio.runs.resume(owner, id)).rejects.toThrow('still being paused');
    kill(studio.runs.folderOf(id));
    expect(await untilState(studio, id, 'PAUSED')).toMatchObject({ attempts: 1 });
    await close(studio);
    const next = await studioWith({ stepMilliseconds: 3000 });
    expect(await next.prisma.run.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'PAUSED' });
    await next.runs.resume(owner, id);
    expect(await untilState(next, id, 'RUNNING')).toMatchObject({ attempts: 2 });
  });
});

describe('RunService.start', () => {
  it('names each field that is wrong', async () => {
    const studio = await studioWith({}, { slots: 0 });
    const issues = async (config: unknown) =>
      studio.runs.start(owner, { config }).then(
        () => [],
        (error: unknown) => (error instanceof Invalid ? error.issues : []),
      );
    expect((await issues({ optimizer: { learningRate: 7 }, schedule: { batchSize: 0 }, nonsense: 1 })).map(({ path }) => path)).toEqual([
      'config.optimizer.learningRate',
      'config.schedule.batchSize',
      'config.nonsense',
    ]);
    expect((await issues({ model: { base: 'missing' }, data: { path: 'missing.jsonl' } })).map(({ path }) => path)).toEqual([
      'config.model.base',
      'config.data.path',
    ]);
    await expect(studio.runs.start(owner, { name: ' ' })).rejects.toThrow('1 to 200 characters');
    await expect(studio.runs.start(owner, { experimentId: 'nobody' })).rejects.toThrow('no experiment nobody');
    expect(await studio.prisma.run.count()).toBe(0);
  });

  it('starts the quickstart in an empty studio only', async () => {
    const studio = await studioWith({}, { slots: 0 });
    expect(await studio.quickstart.startIfEmpty()).toMatchObject({ name: 'Quickstart', state: 'QUEUED' });
    expect(await studio.quickstart.startIfEmpty()).toBeNull();
    expect(await studio.runs.start(owner, { config: config(1) })).toMatchObject({ name: 'Run 2' });
    expect(await studio.prisma.experiment.findMany()).toMatchObject([{ name: 'Default' }]);
  });
});

/** Starts workers that die of an error before they have begun. */
function failingLauncher(folder: string): StudioParts['launcher'] {
  const program = path.join(folder, 'failing.mjs');
  fs.writeFileSync(program, `throw new Error('the library is missing');\n`);
  return new LocalLauncher({ program });
}
