import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { inspectWorker } from '@anneal/engine';
import { type Script, tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import type { Run } from '@anneal/prisma';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Studio, StudioParts } from '../studio.ts';
import type { Launcher } from './launcher.ts';
import {
  cleanUp,
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
  const studio = await openStudio(folder, { launcher: scriptedLauncher(script, 1500), ...parts });
  open.push(studio);
  return studio;
}

const config = (steps: number) => ({
  model: { base: places.model },
  data: { path: places.data },
  schedule: { maxSteps: steps },
  run: { checkpointEvery: 5 },
});

const stepsOf = async (studio: Studio, runId: string) =>
  (await studio.prisma.metricPoint.findMany({ where: { runId, key: 'loss' }, orderBy: { sequence: 'asc' } })).map(({ step }) => step);
const range = (to: number) => Array.from({ length: to }, (_, index) => index + 1);
const warningsOf = async (studio: Studio, runId: string) =>
  (await studio.prisma.runEvent.findMany({ where: { runId, type: 'LOG', level: 'WARN' }, orderBy: { sequence: 'asc' } })).map(
    ({ message }) => message,
  );

/** What the tuned model of a run writes. */
async function said(studio: Studio, runId: string, checkpointId?: string): Promise<string> {
  const sampling = { temperature: 0, topK: 0, topP: 1, maxTokens: 5, seed: 0, stop: [] };
  let text = '';
  for await (const chunk of studio.playground.generate({
    runId,
    checkpointId,
    prompt: 'a',
    sampling,
    signal: new AbortController().signal,
  })) {
    expect(chunk.problem).toBeUndefined();
    if (chunk.side === 'TUNED') text += chunk.text;
  }
  return text;
}

describe('retry', () => {
  it('lets a cancelled run go on from its checkpoint, without losing or repeating a step', async () => {
    const studio = await studioWith({ at: 14, happens: 'hold' });
    const { id } = await studio.runs.start(owner, { config: config(30) });
    await untilStep(studio, id, 13);
    await expect(studio.runs.retry(owner, id)).rejects.toThrow('under way');
    await studio.runs.cancel(owner, id);
    await untilState(studio, id, 'CANCELLED');
    expect(await studio.runs.retry(owner, id)).toMatchObject({ state: 'QUEUED', finishedAt: null });
    expect(await untilState(studio, id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', step: 30, attempts: 2 });
    expect(await stepsOf(studio, id)).toEqual(range(30));
    expect(await statesOf(studio, id)).toEqual([
      ...['QUEUED', 'STARTING', 'RUNNING', 'CANCELLING', 'CANCELLED'],
      ...['QUEUED', 'STARTING', 'RUNNING', 'COMPLETED'],
    ]);
    await expect(studio.runs.retry(owner, id)).rejects.toThrow('is complete');
  });

  it('lets a failed run go on when its failure may be over, and says why not otherwise', async () => {
    const studio = await studioWith({ at: 8, happens: 'bug' });
    const { id } = await studio.runs.start(owner, { config: config(20) });
    expect(await untilState(studio, id, 'FAILED')).toMatchObject({ errorCode: 'INTERNAL', step: 7 });
    expect(await studio.runs.retry(owner, id)).toMatchObject({ errorCode: null, errorMessage: null, crashes: 0 });
    // It fails at the same step again.
    await until(
      async () => (await statesOf(studio, id)).filter((state) => state === 'FAILED').length,
      (times) => times === 2,
    );
    expect(await stepsOf(studio, id)).toEqual(range(7));

    await studio.prisma.run.update({ where: { id }, data: { errorCode: 'DIVERGED', errorMessage: 'The loss exploded.' } });
    await expect(studio.runs.retry(owner, id)).rejects.toThrow('would fail the same way again: The loss exploded. Clone it with changes');
    await studio.prisma.run.update({ where: { id }, data: { errorCode: 'INTERNAL', config: { model: { base: '/nowhere' } } } });
    await expect(studio.runs.retry(owner, id)).rejects.toThrow('config.model.base');
  });
});

describe('cancel', () => {
  it('saves what a paused run has learned as an artifact', async () => {
    const studio = await openStudio(folder);
    open.push(studio);
    const tiny = tinyConfig(places, 2000);
    const { id } = await studio.runs.start(owner, { config: { ...tiny, run: { ...tiny.run, evaluateEvery: 0 } } });
    await untilStep(studio, id, 3);
    await studio.runs.pause(owner, id);
    const { step } = await untilState(studio, id, 'PAUSED');
    expect(await studio.prisma.artifact.count()).toBe(0);
    expect(await studio.runs.cancel(owner, id)).toMatchObject({ state: 'CANCELLING' });
    await untilState(studio, id, 'CANCELLED', 'FAILED');
    const [artifact] = await studio.prisma.artifact.findMany({ where: { runId: id } });
    expect(artifact).toMatchObject({ step, kind: 'adapter' });
    const files = await studio.runFiles.ofArtifact(artifact!);
    expect(files.map(({ name }) => name)).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(files[0]!.url).toMatch(/^\/files\/download\?path=runs%2F/);
    expect((await studio.runFiles.workerLog(id))?.bytes).toBeGreaterThan(0);
    expect((await studio.runFiles.ofTensorBoard(id)).length).toBeGreaterThan(0);

    // What is tried is the checkpoint as it was asked for, which says what the artifact says.
    const [checkpoint] = await studio.prisma.checkpoint.findMany({ orderBy: { step: 'desc' } });
    expect(await said(studio, id, checkpoint!.id)).toEqual(await said(studio, id));
    await expect(said(studio, id, 'nothing')).rejects.toThrow('no checkpoint nothing');
    expect(await studio.checkpoints.isKept(checkpoint!)).toBe(true);
    await studio.checkpoints.delete(owner, checkpoint!.id);
    expect(await studio.checkpoints.isKept(checkpoint!)).toBe(false);
    expect(await statesOf(studio, id)).toEqual(['QUEUED', 'STARTING', 'RUNNING', 'PAUSING', 'PAUSED', 'CANCELLING', 'CANCELLED']);
  });

  it('ends a run whose result cannot be saved, and says so', async () => {
    const studio = await studioWith({ at: 14, happens: 'hold' });
    const { id } = await studio.runs.start(owner, { config: config(30) });
    await untilStep(studio, id, 13);
    await studio.runs.pause(owner, id);
    await untilState(studio, id, 'PAUSED');
    await until(
      () => studio.prisma.run.findUniqueOrThrow({ where: { id } }),
      ({ slot }) => slot === null,
    );
    fs.writeFileSync(path.join(studio.runs.folderOf(id), 'worker.json'), '{}');
    fs.rmSync(path.join(studio.runs.folderOf(id), 'config.json'));
    fs.mkdirSync(path.join(studio.runs.folderOf(id), 'config.json'));
    await studio.runs.cancel(owner, id);
    const ended = await untilState(studio, id, 'CANCELLED', 'FAILED');
    expect(ended.finishedAt).not.toBeNull();
    expect(ended).toMatchObject({ state: 'FAILED', errorCode: 'RUN_FOLDER_UNUSABLE', attempts: 2 });
  });
});

describe('a checkpoint', () => {
  it('can be deleted when its run has ended, once the worker has left', async () => {
    const worker = scriptedLauncher({ at: 14, happens: 'hold' });
    let isLeaving = true;
    const launcher: Launcher = { ...worker, isAlive: async (runFolder) => isLeaving || worker.isAlive(runFolder) };
    const studio = await studioWith({}, { launcher });
    const { id } = await studio.runs.start(owner, { config: config(30) });
    await untilStep(studio, id, 13);
    const checkpoint = await studio.prisma.checkpoint.findFirstOrThrow({ where: { runId: id, step: 10 } });
    await expect(studio.checkpoints.delete(owner, checkpoint.id)).rejects.toThrow('has not ended (RUNNING)');
    await studio.runs.cancel(owner, id);
    expect((await untilState(studio, id, 'CANCELLED')).slot).not.toBeNull();
    const deleted = studio.checkpoints.delete(owner, checkpoint.id);
    await setTimeout(300);
    expect(await studio.checkpoints.isKept(checkpoint)).toBe(true);
    isLeaving = false;
    await deleted;
    expect(await studio.checkpoints.isKept(checkpoint)).toBe(false);
  });
});

describe('a worker that dies', () => {
  it('is told of in the log with the pause before the next try, and not for ever started again', async () => {
    const studio = await studioWith({ stepMilliseconds: 20 });
    const { id } = await studio.runs.start(owner, { config: config(10_000), maxCrashes: 1 });
    for (const attempt of [1, 2]) {
      const isGoing = ({ attempts, state, step }: Run) => attempts === attempt && state === 'RUNNING' && step > 7 * attempt;
      await until(() => studio.prisma.run.findUniqueOrThrow({ where: { id } }), isGoing);
      kill(studio.runs.folderOf(id));
    }
    const run = await untilState(studio, id, 'FAILED');
    expect(run).toMatchObject({ errorCode: 'WORKER_CRASHED', attempts: 2 });
    expect(run.errorMessage).toMatch(/ended unexpectedly 2 times, the last time after step \d+; it may be started again 1 times/);
    const warnings = (await warningsOf(studio, id)).filter((message) => message.includes('unexpectedly'));
    expect(warnings).toEqual([
      expect.stringMatching(
        /after step \d+\. It is started again in 0\.0 s \(1 of at most 1 times\)\. It goes on from its last checkpoint\.$/,
      ),
    ]);
    await until(
      () => studio.prisma.run.findUniqueOrThrow({ where: { id } }),
      ({ slot }) => slot === null,
    );
  });

  it('is ended and started again when its process is there but gives no sign of life', async () => {
    const studio = await studioWith({ stepMilliseconds: 20 });
    const { id } = await studio.runs.start(owner, { config: config(200) });
    await untilStep(studio, id, 8);
    const { pid } = inspectWorker(studio.runs.folderOf(id));
    process.kill(pid!, 'SIGSTOP');
    await until(
      () => studio.prisma.run.findUniqueOrThrow({ where: { id } }),
      ({ attempts }) => attempts === 2,
    );
    expect(await untilState(studio, id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', step: 200, crashes: 1 });
    expect(inspectWorker(studio.runs.folderOf(id)).pid).not.toBe(pid);
    expect(await stepsOf(studio, id)).toEqual(range(200));
  });
});

const configSchema = z.object({ run: z.object({ device: z.string() }) });

describe('the queue', () => {
  it('lets higher priorities go first, and gives each run the place that it needs', async () => {
    const studio = await studioWith({ at: 3, happens: 'hold' }, { slots: { cpu: 1, cuda: 1 } });
    const on = (device: string) => ({ ...config(4), run: { device } });
    const start = (name: string, device: string, priority = 0) => studio.runs.start(owner, { name, config: on(device), priority });
    const automatic = await start('automatic', 'auto');
    await untilStep(studio, automatic.id, 2);
    const gpu = await start('gpu', 'cuda');
    const cpu = await start('cpu', 'auto');
    await untilStep(studio, cpu.id, 2);
    const urgent = await start('urgent', 'auto', 7);
    const find = (id: string) => studio.prisma.run.findUniqueOrThrow({ where: { id } });
    expect(await find(automatic.id)).toMatchObject({ slot: 'cuda:0', wantedDevice: 'cuda' });
    expect(await find(cpu.id)).toMatchObject({ slot: 'cpu:0', wantedDevice: 'cpu' });
    const configOf = (id: string) =>
      configSchema.parse(JSON.parse(fs.readFileSync(path.join(studio.runs.folderOf(id), 'config.json'), 'utf8')));
    expect([configOf(automatic.id).run.device, configOf(cpu.id).run.device]).toEqual(['auto', 'cpu']);
    const queue = await studio.runs.queue();
    expect([...queue].map(([id, { position }]) => [id, position])).toEqual([
      [urgent.id, 1],
      [gpu.id, 2],
    ]);
    await studio.runs.cancel(owner, automatic.id);
    expect(await untilState(studio, urgent.id, 'STARTING', 'RUNNING')).toMatchObject({ slot: 'cuda:0' });
    expect((await find(gpu.id)).state).toBe('QUEUED');
    await expect(start('none', 'webgpu')).rejects.toThrow('trains on cpu:1, cuda:1');
    for (const { id } of [gpu, urgent, cpu]) await studio.runs.cancel(owner, id);
    for (const { id } of [gpu, urgent, cpu]) await untilState(studio, id, 'CANCELLED');
  });
});
