import fs from 'node:fs';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Studio, StudioParts } from '../studio.ts';
import {
  cleanUp,
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
let config: (steps: number) => unknown;
beforeAll(async () => {
  shared = temporaryFolder();
  const places = await writeTinyModel(shared);
  config = (steps) => tinyConfig(places, steps);
});
afterAll(() => fs.rmSync(shared, { recursive: true }));

let folder: string;
const open: Studio[] = [];
beforeEach(() => (folder = temporaryFolder()));
afterEach(async () => {
  for (const studio of open.splice(0)) await studio.close();
  cleanUp(folder);
});

async function studioWith(parts: StudioParts = {}): Promise<Studio> {
  const studio = await openStudio(folder, { launcher: scriptedLauncher({ stepMilliseconds: 15 }), ...parts });
  open.push(studio);
  return studio;
}

async function close(studio: Studio): Promise<void> {
  open.splice(open.indexOf(studio), 1);
  await studio.close();
}

async function stepsSeen(studio: Studio, runId: string): Promise<number[]> {
  const steps: number[] = [];
  for await (const { points } of studio.streams.trainingMetrics(runId, { keys: ['loss'] })) steps.push(...points.map(({ step }) => step));
  return steps;
}

const range = (to: number) => Array.from({ length: to }, (_, index) => index + 1);

describe('several servers on one database and data folder', () => {
  it('start, follow, pause and cancel runs on whichever is asked; one looks after them', async () => {
    const [first, second] = [await studioWith(), await studioWith()];
    const { id } = await second.runs.start(owner, { config: config(400) });
    const seen = [stepsSeen(first, id), stepsSeen(second, id)];
    await untilStep(first, id, 10);
    await second.runs.pause(owner, id);
    await untilState(first, id, 'PAUSED');
    await first.runs.resume(owner, id);
    expect(await untilState(second, id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', attempts: 2 });
    for (const steps of await Promise.all(seen)) expect(steps).toEqual(range(400));
    const other = await first.runs.start(owner, { config: config(1000) });
    await untilStep(second, other.id, 3);
    await second.runs.cancel(owner, other.id);
    await untilState(first, other.id, 'CANCELLED');
    expect(await statesOf(first, other.id)).toEqual(['QUEUED', 'STARTING', 'RUNNING', 'CANCELLING', 'CANCELLED']);
  });

  it('take over from each other while training goes on', async () => {
    const [first, second] = [await studioWith(), await studioWith()];
    const { id } = await first.runs.start(owner, { config: config(150) });
    // Its server closes half-way, which may cut it.
    const seen = stepsSeen(second, id).catch(() => []);
    await untilStep(first, id, 20);
    await close(first);
    const third = await studioWith();
    await untilStep(second, id, 60);
    await close(second);
    expect(await untilState(third, id, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', attempts: 1 });
    expect(await stepsSeen(third, id)).toEqual(range(150));
    await seen;
  });

  it('tell each other of what changed', async () => {
    const [first, second] = [await studioWith(), await studioWith()];
    const told: string[] = [];
    const leaving = new AbortController();
    const following = (async () => {
      for await (const run of first.streams.runs({ signal: leaving.signal })) told.push(run.id);
    })();
    const { id } = await second.runs.start(owner, { config: config(20) });
    await untilState(second, id, 'COMPLETED');
    await until(
      async () => told,
      (ids) => ids.includes(id),
    );
    leaving.abort();
    await following;
  });
});
