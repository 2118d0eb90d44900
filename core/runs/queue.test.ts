import fs from 'node:fs';
import type { PrismaClient } from '@anneal/prisma';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseWithRun } from '../testing/database.ts';
import { temporaryFolder } from '../testing/studio.ts';
import { estimateStarts, nextRuns, queuePlaces } from './queue.ts';
import { afterCrash } from './restarts.ts';
import { describeSlots, givenPlaces, parseSlots } from './slots.ts';

let folder: string;
let prisma: PrismaClient;
beforeAll(async () => {
  folder = temporaryFolder();
  prisma = await databaseWithRun(folder, 'first');
  await prisma.run.delete({ where: { id: 'first' } });
});
afterAll(async () => {
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

const places = givenPlaces({ cpu: 1, cuda: 2 });
let minute = 0;
const add = (id: string, wantedDevice: string, changes: object = {}) =>
  prisma.run.create({
    data: {
      ...{ id, name: id, projectId: 'default', experimentId: 'experiment', config: {}, summary: {}, wantedDevice },
      createdAt: new Date(2025, 0, 1, 0, minute++),
      ...changes,
    },
  });

describe('the queue', () => {
  it('gives each free place to the first run that can use it: by priority, then by age', async () => {
    await add('gpu1', 'cuda');
    await add('any1', 'auto');
    await add('gpu2', 'cuda', { priority: 3 });
    await add('any2', 'auto', { priority: -1 });
    await add('cpu1', 'cpu', { priority: -2 });
    await add('none', 'webgpu', { priority: 100 });
    await add('leaving', 'auto', { priority: 100, slot: 'cuda:1' });
    await add('paused', 'auto', { priority: 100, state: 'PAUSED' });
    await add('elsewhere', 'auto', { priority: 100, source: 'LOGGED' });
    const next = async (...taken: string[]) =>
      (await nextRuns(prisma, places, new Set(taken))).map(({ run, slot }) => `${run.id} ${slot.name}`);
    expect(await next()).toEqual(['gpu2 cuda:0', 'gpu1 cuda:1', 'any1 cpu:0']);
    expect(await next('cuda:1')).toEqual(['gpu2 cuda:0', 'any1 cpu:0']);
    expect(await next('cuda:0', 'cuda:1')).toEqual(['any1 cpu:0']);
    expect(await next('cpu:0', 'cuda:0', 'cuda:1')).toEqual([]);
    const positions = await queuePlaces(prisma, places);
    expect([...positions].map(([id]) => id)).toEqual(['none', 'leaving', 'gpu2', 'gpu1', 'any1', 'any2', 'cpu1']);
  });

  it('estimates when each run starts from how long those before it take', () => {
    const queued = ['a', 'b', 'c', 'd'].map((id, index) => ({ id, wantedDevice: ['cuda', 'auto', 'cpu', 'webgpu'][index]! }));
    const busy = new Map([
      ['cuda:0', 100],
      ['cuda:1', 40],
      ['cpu:0', 300],
    ]);
    expect([...estimateStarts(places, busy, queued, 50).values()]).toEqual([
      { position: 1, seconds: 40 },
      { position: 2, seconds: 90 },
      { position: 3, seconds: 300 },
      { position: 4, seconds: null },
    ]);
    // How long a run takes is not known: only the first on each place has a time.
    expect([...estimateStarts(givenPlaces({ cpu: 1 }), new Map(), queued.slice(1, 3), Infinity).values()]).toEqual([
      { position: 1, seconds: 0 },
      { position: 2, seconds: null },
    ]);
  });
});

describe('SLOTS', () => {
  it('names kinds of devices with how many runs each trains', () => {
    expect(parseSlots('cpu:1,cuda:2')).toEqual({ cpu: 1, cuda: 2 });
    expect(parseSlots(' cpu:0 , coreml:64 ')).toEqual({ cpu: 0, coreml: 64 });
    for (const wrong of ['', 'cpu', 'gpu:1', 'cpu:1,cpu:2', 'cpu:65', 'cpu:-1', 'cpu:1;cuda:1', 'cpu:1,'])
      expect(parseSlots(wrong)).toBeNull();
    expect(describeSlots(givenPlaces({ cpu: 1, cuda: 2 }))).toBe('cpu:1, cuda:2');
    expect(places.automatic).toEqual(['cuda', 'cpu']);
  });
});

describe('after a crash', () => {
  const run = { step: 5, stepAtStart: 2, fruitlessAttempts: 2, crashes: 3, maxCrashes: 20 };
  const verdict = (changes: Partial<typeof run>) => afterCrash({ run: { ...run, ...changes }, lastWords: null, firstPause: 1000, now: 0 });

  it('a run that got ahead is tried again, later each time and at most a minute later', () => {
    expect(verdict({})).toMatchObject({ data: { crashes: 4, fruitlessAttempts: 0, nextAttemptAt: new Date(8000) } });
    expect(verdict({ crashes: 0 })).toMatchObject({ data: { nextAttemptAt: new Date(1000) } });
    expect(verdict({ crashes: 15 })).toMatchObject({ data: { nextAttemptAt: new Date(60_000) } });
  });

  it('a run that did not get ahead three times is given up, and one that crashed too often', () => {
    expect(verdict({ stepAtStart: 5, fruitlessAttempts: 1 })).toMatchObject({ data: { fruitlessAttempts: 2 } });
    expect(verdict({ stepAtStart: 5 })).toMatchObject({
      errorMessage: expect.stringContaining('3 times in a row without a new step after step 5'),
    });
    expect(verdict({ crashes: 20 })).toMatchObject({ errorMessage: expect.stringContaining('21 times, the last time after step 5') });
    expect(verdict({ crashes: 0, maxCrashes: 0 })).toMatchObject({ errorMessage: expect.stringContaining('1 time, ') });
  });
});
