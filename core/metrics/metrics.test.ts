import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { PrismaClient } from '@anneal/prisma';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseWithRun } from '../testing/database.ts';
import { MetricService } from './metrics.ts';
import { type Bucket, stepsOf } from './rollups.ts';
import { type NewPoint, storePoints } from './store.ts';
import { parseSummary, type Summary } from './summary.ts';
import { storedValue } from './values.ts';

let folder: string;
let prisma: PrismaClient;
let service: MetricService;
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-metrics-'));
  prisma = await databaseWithRun(folder, 'run');
  service = new MetricService(prisma);
});
afterAll(async () => {
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

interface Point {
  step: number;
  value: number;
}

const everything = { id: 'run', journalSequence: 2 ** 31 - 1, thinnedAt: null };
const timeOf = (step: number) => new Date(1_700_000_000_000 + step * 1000);
const pointOf = (key: string, { step, value }: Point, rank = 0): NewPoint => ({
  ...{ key, rank, step, value },
  ...{ epoch: step / 8, tokens: step * 64, time: timeOf(step), sequence: step },
});

/** Stores points of a key in batches of the given sizes, over and over. */
async function store(key: string, points: readonly Point[], sizes: readonly number[]): Promise<Summary> {
  let summary: Summary = {};
  for (let [start, turn] = [0, 0]; start < points.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const batch = points.slice(start, start + size).map((point) => pointOf(key, point));
    summary = await prisma.$transaction((transaction) => storePoints(transaction, 'run', summary, batch));
    start += size;
  }
  return summary;
}

/** The same from all points. */
function naive(points: readonly Point[], fromStep: number, toStep: number): Bucket | undefined {
  const inside = points.filter(({ step }) => step >= fromStep && step <= toStep);
  inside.sort((a, b) => a.step - b.step);
  const [first, last] = [inside[0], inside.at(-1)];
  if (!first || !last) return undefined;
  const finite = inside.map(({ value }) => value).filter(Number.isFinite);
  const { value, nonFinite } = storedValue(last.value);
  return {
    fromStep: first.step,
    toStep: last.step,
    min: finite.length > 0 ? finite.reduce((a, b) => Math.min(a, b)) : null,
    max: finite.length > 0 ? finite.reduce((a, b) => Math.max(a, b)) : null,
    last: value,
    nonFinite,
    count: inside.length,
    nonFiniteCount: inside.length - finite.length,
    epoch: last.step / 8,
    tokens: last.step * 64,
    time: timeOf(last.step),
  };
}

const value = fc.oneof(
  { weight: 9, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((number) => number + 0) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
);
/** In whatever order: a trainer elsewhere may send late what it measured early. */
const points = fc
  .array(fc.record({ gap: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3000 })), value }), { maxLength: 500 })
  .map((parts) => {
    let step = -1;
    return parts.map(({ gap, value }) => ({ step: (step += gap), value }));
  })
  .chain((given) => fc.oneof(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })));

describe('MetricService.series', () => {
  it('tells what all points together would, in at most as many buckets as asked for, in whatever order they came', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        points,
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        fc.option(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 20_000 })), { nil: undefined }),
        async (given, sizes, maxPoints, range) => {
          const key = `key${number++}`;
          const summary = await store(key, given, sizes);
          const [fromStep, toStep] = range ?? [undefined, undefined];
          const [series] = await service.series(everything, [key], { fromStep, toStep, maxPoints });
          const buckets = series?.buckets ?? [];
          expect(buckets.length).toBeLessThanOrEqual(maxPoints);
          expect(buckets).toEqual(buckets.map((bucket) => naive(given, bucket.fromStep, bucket.toStep)));
          for (const [index, bucket] of buckets.entries()) {
            expect(bucket.fromStep).toBeGreaterThan(buckets[index - 1]?.toStep ?? -1);
            expect(Math.floor(bucket.toStep / (series?.resolution ?? 1))).toBe(Math.floor(bucket.fromStep / (series?.resolution ?? 1)));
          }
          const inRange = given.filter(({ step }) => step >= (fromStep ?? 0) && step <= (toStep ?? Infinity));
          expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(inRange.length);
          expect(buckets.length).toBeGreaterThanOrEqual(Math.min(inRange.length, 1));
          const { fromStep: _, toStep: lastStep, epoch: _e, tokens: _t, time: _m, ...whole } = naive(given, 0, Infinity) ?? {};
          expect(summary[key]).toEqual(given.length > 0 ? { ...whole, lastStep } : undefined);
          expect(parseSummary(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives every point where there are no more than asked for', async () => {
    const given = Array.from({ length: 300 }, (_, index) => ({ step: index * 50, value: index }));
    await store('sparse', given, [100]);
    const [series] = await service.series(everything, ['sparse'], { maxPoints: 300 });
    expect(series).toMatchObject({ resolution: 1, rank: 0, isThinned: false });
    expect(series?.buckets).toEqual(given.map(({ step }) => naive(given, step, step)));
  });

  it('gives points that lie together finely, however far away another one is', async () => {
    const given = [...Array.from({ length: 3000 }, (_, step) => ({ step, value: step })), { step: 2_000_000_000, value: 1 }];
    await store('far', given, [1000]);
    const [series] = await service.series(everything, ['far'], { maxPoints: 500 });
    expect(series?.buckets.length).toBeGreaterThan(125);
    expect(series?.buckets.length).toBeLessThanOrEqual(500);
  });

  it('leaves out what was stored after the run was read', async () => {
    const given = Array.from({ length: 1000 }, (_, step) => ({ step, value: step }));
    await store('later', given, [1000]);
    for (const journalSequence of [999, 998, 600, 0]) {
      const [series] = await service.series({ ...everything, journalSequence }, ['later'], { maxPoints: 10 });
      const held = given.slice(0, journalSequence + 1);
      const buckets = series?.buckets ?? [];
      expect(buckets).toEqual(buckets.map((bucket) => naive(held, bucket.fromStep, bucket.toStep)));
      expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(held.length);
    }
  });

  it('reads few rows of a long curve, and every range of it exactly', async () => {
    const given = Array.from({ length: 30_000 }, (_, step) => ({ step, value: Math.sin(step / 50) + step / 1e4 }));
    const summary = await store('long', given, [5000]);
    expect(summary.long).toEqual({
      last: given[29_999]?.value,
      nonFinite: null,
      lastStep: 29_999,
      min: naive(given, 0, 30_000)?.min,
      max: naive(given, 0, 30_000)?.max,
      count: 30_000,
      nonFiniteCount: 0,
    });
    const levels = await prisma.metricRollup.groupBy({ by: ['level'], where: { key: 'long' }, _count: true, orderBy: { level: 'asc' } });
    expect(levels.map(({ level, _count }) => [level, _count])).toEqual(
      [1, 2, 3, 4, 5].map((level) => [level, Math.ceil(30_000 / stepsOf(level))]),
    );
    for (const [fromStep, toStep] of [
      [0, 29_999],
      [1, 29_990],
      [4095, 21_441],
      [12_345, 24_321],
      [63, 64],
      [29_952, 30_000],
    ] as const) {
      const [series] = await service.series(everything, ['long'], { fromStep, toStep, maxPoints: 500 });
      const buckets = series?.buckets ?? [];
      expect(buckets).toEqual(buckets.map(({ fromStep, toStep }) => naive(given.slice(fromStep, toStep + 1), fromStep, toStep)));
      expect([buckets[0]?.fromStep, buckets.at(-1)?.toStep]).toEqual([fromStep, Math.min(toStep, 29_999)]);
      expect(buckets.length).toBeGreaterThanOrEqual(Math.min(buckets.at(-1)!.toStep - fromStep + 1, 125));
    }
  });

  it('passes points over that are there already', async () => {
    const at = (step: number, value: number) => ({ step, value });
    const once = await store('twice', [at(1, 5), at(2, 7)], [2]);
    const again = await prisma.$transaction((transaction) =>
      storePoints(
        transaction,
        'run',
        once,
        [at(1, 1), at(2, 1), at(3, 1), at(3, 9)].map((point) => pointOf('twice', point)),
      ),
    );
    expect(again.twice).toMatchObject({ last: 1, lastStep: 3, min: 1, max: 7, count: 3 });
    const [series] = await service.series(everything, ['twice'], { maxPoints: 1 });
    expect(series?.buckets).toEqual([naive([at(1, 5), at(2, 7), at(3, 1)], 0, 3)]);
  });

  it('keeps the processes of a run apart', async () => {
    const batch = [0, 3].flatMap((rank) => [1, 2].map((step) => pointOf('shared', { step, value: rank * 10 + step }, rank)));
    const summary = await prisma.$transaction((transaction) => storePoints(transaction, 'run', {}, batch));
    expect(summary.shared).toMatchObject({ last: 2, count: 2 });
    const [series] = await service.series(everything, ['shared'], { rank: 3 });
    expect(series?.buckets.map(({ last }) => last)).toEqual([31, 32]);
    expect(await service.ranks(['run', 'nobody'])).toEqual([[0, 3], []]);
    expect(await service.summary('run', 3)).toEqual([
      expect.objectContaining({ key: 'shared', last: 32, min: 31, max: 32, lastStep: 2, count: 2 }),
    ]);
  });

  it('refuses what it cannot read', async () => {
    await expect(service.series(everything, ['loss'], { maxPoints: 0 })).rejects.toThrow('1 to 5,000');
    await expect(service.series(everything, ['loss'], { maxPoints: 1e6 })).rejects.toThrow('1 to 5,000');
  });
});
