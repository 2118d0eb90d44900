import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { z } from 'zod';
import { inside, TestStudio } from '../studio-process.ts';

/** Real training, long enough to be killed in the middle: some ten seconds on an idle machine. */
const steps = 800;

let studio: TestStudio;
let home: string;
let config: object;
/** Losses of a run that nothing happened to. */
let undisturbed: readonly (readonly [number, number])[];

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-faults-'));
  const tiny = tinyConfig(await writeTinyModel(home), steps);
  config = {
    ...tiny,
    schedule: { ...tiny.schedule, gradientAccumulation: 8 },
    run: { ...tiny.run, evaluateEvery: 0, checkpointEvery: 25 },
  };
  studio = await TestStudio.start();
  const run = await start();
  await ended(run.id);
  undisturbed = await losses(run.id);
}, 120_000);
afterAll(async () => {
  await studio.close();
  await rm(home, { recursive: true, force: true });
});

async function start(): Promise<{ id: string; folder: string }> {
  const answer = await studio.query(
    'mutation ($config: JSON) { startRun(input: { config: $config }) { __typename ... on StartRunSuccess { data { id } } ... on InvalidInput { message } } }',
    { config },
  );
  const id = String(inside(answer, 'startRun', 'data', 'id'));
  const local = Buffer.from(id, 'base64').toString().split(':')[1] ?? '';
  return { id, folder: path.join(studio.dataFolder, 'runs', local) };
}

async function look(id: string): Promise<{ state: string; step: number; attempts: number }> {
  const answer = await studio.query('query ($id: ID!) { node(id: $id) { ... on Run { state step attempts error { message } } } }', { id });
  const run = inside(answer, 'node');
  return { state: String(inside(run, 'state')), step: Number(inside(run, 'step')), attempts: Number(inside(run, 'attempts')) };
}

async function untilStep(id: string, step: number): Promise<void> {
  while ((await look(id)).step < step) await pause(20);
}

async function ended(id: string): Promise<string> {
  for (;;) {
    const { state } = await look(id);
    if (['COMPLETED', 'FAILED', 'CANCELLED'].includes(state)) return state;
    await pause(50);
  }
}

const losses = async (id: string) => [...(await studio.curve(id, 'loss'))];

const journalLine = z.object({ seq: z.int(), type: z.string(), step: z.int() });

const journal = async (folder: string) =>
  (await readFile(path.join(folder, 'journal.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => journalLine.parse(JSON.parse(line)));

async function workerPid(folder: string): Promise<number> {
  return z.object({ pid: z.int() }).parse(JSON.parse(await readFile(path.join(folder, 'worker.json'), 'utf8'))).pid;
}

/** The numbers 1 … steps, each once: no step lost, none repeated. */
const everyStep = Array.from({ length: steps }, (_, index) => index + 1);

describe('what is killed', () => {
  it('the API, twice: training goes on, and no step is lost or repeated', async () => {
    const run = await start();
    for (const step of [80, 300]) {
      await untilStep(run.id, step);
      const pid = await workerPid(run.folder);
      await studio.kill();
      const before = (await journal(run.folder)).length;
      // Nothing but the worker is left: it writes on, or the test runs out of time.
      while ((await journal(run.folder)).length <= before) await pause(20);
      await studio.open();
      expect(await workerPid(run.folder)).toBe(pid);
    }
    expect(await ended(run.id)).toBe('COMPLETED');
    expect((await look(run.id)).attempts).toBe(1);
    expect(await losses(run.id)).toEqual(undisturbed);
    expect(undisturbed.map(([step]) => step)).toEqual(everyStep);
  });

  it('the worker, twice: it is started again from its checkpoint, with the same losses', async () => {
    const run = await start();
    for (const step of [90, 333]) {
      await untilStep(run.id, step);
      process.kill(await workerPid(run.folder), 'SIGKILL');
    }
    expect(await ended(run.id)).toBe('COMPLETED');
    expect((await look(run.id)).attempts).toBe(3);
    expect(await losses(run.id)).toEqual(undisturbed);
    const lines = await journal(run.folder);
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    expect(lines.flatMap(({ type, step }) => (type === 'step' ? [step] : []))).toEqual(everyStep);
  });

  it('both at once: the next API finds the run, and finishes it', async () => {
    const run = await start();
    await untilStep(run.id, 200);
    process.kill(await workerPid(run.folder), 'SIGKILL');
    await studio.kill();
    await studio.open();
    expect(await ended(run.id)).toBe('COMPLETED');
    expect(await losses(run.id)).toEqual(undisturbed);
  });

  it('under a subscriber that comes back with its cursor: it sees every point once', async () => {
    const run = await start();
    const seen: number[] = [];
    let after: string | null = null;
    let connections = 0;
    const follow = async () => {
      const client = createClient({ url: `${studio.origin.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
      connections++;
      try {
        const query =
          'subscription ($id: ID!, $after: String) { trainingMetrics(runId: $id, keys: ["loss"], after: $after) { cursor points { step } } }';
        for await (const message of client.iterate({ query, variables: { id: run.id, after } })) {
          const batch = inside(message, 'data', 'trainingMetrics');
          after = String(inside(batch, 'cursor'));
          const points = inside(batch, 'points');
          if (Array.isArray(points)) seen.push(...points.map((point) => Number(inside(point, 'step'))));
        }
        return true;
      } catch {
        return false;
      } finally {
        await client.dispose();
      }
    };
    const following = (async () => {
      while (!(await follow())) await pause(50);
    })();
    for (const step of [80, 300]) {
      await untilStep(run.id, step);
      await studio.kill();
      await studio.open();
    }
    await following;
    expect(connections).toBeGreaterThan(2);
    expect(seen).toEqual(everyStep);
  });
});
