import fs from 'node:fs';
import fc from 'fast-check';
import type { PrismaClient } from '@anneal/prisma';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseWithRun } from '../testing/database.ts';
import { temporaryFolder } from '../testing/studio.ts';
import { MetricService } from './metrics.ts';
import type { Bucket } from './rollups.ts';
import { storePoints } from './store.ts';
import type { Summary } from './summary.ts';

let folder: string;
let prisma: PrismaClient;
beforeAll(async () => {
  folder = temporaryFolder();
  prisma = await databaseWithRun(folder, 'run');
});
afterAll(async () => {
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

interface Point {
  step: number;
  value: number;
}

const timeOf = (step: number) => new Date(1_700_000_000_000 + step * 1000);

/** Stores points of a key in batches of the given sizes, over and over. */
async function store(key: string, points: readonly Point[], sizes: readonly number[]): Promise<Summary> {
  let summary: Summary = {};
  for (let [start, turn] = [0, 0]; start < points.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const batch = points
      .slice(start, start + size)
      .map(({ step, value }) => ({ key, step, value, epoch: 0, tokens: 0, time: timeOf(step), sequence: step }));
    summary = await prisma.$transaction((transaction) => storePoints(transaction, 'run', summary, batch));
    start += size;
  }
  return summary;
}

/** The same from all points. */
function naive(points: readonly Point[], fromStep: number, toStep: number): Bucket | undefined {
  const inside = points.filter(({ step }) => step >= fromStep && step <= toStep);
  const values = inside.map(({ value }) => value);
  const [first, last] = [inside[0], inside.at(-1)];
  if (!first || !last) return undefined;
  return {
    fromStep: first.step,
    toStep: last.step,
    min: Math.min(...values),
    max: Math.max(...values),
    last: last.value,
    count: inside.length,
    time: timeOf(last.step),
  };
}

const points = fc
  .array(
    fc.record({ gap: fc.integer({ min: 1, max: 5 }), value: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }) }),
    { maxLength: 700 },
  )
  .map((parts) => {
    let step = -1;
    return parts.map(({ gap, value }) => ({ step: (step += gap), value }));
  });

describe('MetricService.series', () => {
  it('tells what all points together would, in at most as many buckets as asked for', async () => {
    const service = new MetricService(prisma);
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        points,
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        fc.option(fc.tuple(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 1500 })), { nil: undefined }),
        async (given, sizes, maxPoints, range) => {
          const key = `key${number++}`;
          await store(key, given, sizes);
          const [fromStep, toStep] = range ?? [undefined, undefined];
          const [series] = await service.series('run', [key], { fromStep, toStep, maxPoints });
          const buckets = series?.buckets ?? [];
          expect(buckets.length).toBeLessThanOrEqual(maxPoints);
          expect(buckets).toEqual(buckets.map((bucket) => naive(given, bucket.fromStep, bucket.toStep)));
          for (const [index, bucket] of buckets.entries()) expect(bucket.fromStep).toBeGreaterThan(buckets[index - 1]?.toStep ?? -1);
          const inRange = given.filter(({ step }) => step >= (fromStep ?? 0) && step <= (toStep ?? Infinity));
          expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(inRange.length);
          if (inRange.length <= maxPoints) expect(buckets).toHaveLength(inRange.length);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('reads few rows of a long curve, and every range of it exactly', async () => {
    const given = Array.from({ length: 70_000 }, (_, step) => ({ step, value: Math.sin(step / 50) + step / 1e4 }));
    const summary = await store('long', given, [5000]);
    expect(summary.long).toEqual({
      last: given[69_999]?.value,
      lastStep: 69_999,
      min: naive(given, 0, 70_000)?.min,
      max: naive(given, 0, 70_000)?.max,
      count: 70_000,
    });
    const levels = await prisma.metricRollup.groupBy({ by: ['level'], where: { key: 'long' }, _count: true, orderBy: { level: 'asc' } });
    expect(levels.map(({ level, _count }) => [level, _count])).toEqual([
      [1, 1093],
      [2, 17],
    ]);
    const service = new MetricService(prisma);
    for (const [fromStep, toStep] of [
      [0, 69_999],
      [1, 69_990],
      [4095, 61_441],
      [12_345, 54_321],
      [63, 64],
      [69_952, 70_000],
    ] as const) {
      const [series] = await service.series('run', ['long'], { fromStep, toStep, maxPoints: 500 });
      const buckets = series?.buckets ?? [];
      expect(buckets).toEqual(buckets.map((bucket) => naive(given, bucket.fromStep, bucket.toStep)));
      expect([buckets[0]?.fromStep, buckets.at(-1)?.toStep]).toEqual([fromStep, Math.min(toStep, 69_999)]);
    }
  });

  it('passes points over that are there already', async () => {
    const once = await store(
      'twice',
      [
        { step: 1, value: 5 },
        { step: 2, value: 7 },
      ],
      [2],
    );
    const again = await prisma.$transaction((transaction) =>
      storePoints(
        transaction,
        'run',
        once,
        [1, 2, 3].map((step) => ({ key: 'twice', step, value: 1, epoch: 0, tokens: 0, time: timeOf(step), sequence: step })),
      ),
    );
    expect(again.twice).toEqual({ last: 1, lastStep: 3, min: 1, max: 7, count: 3 });
  });

  it('refuses what it cannot read', async () => {
    const service = new MetricService(prisma);
    await expect(service.series('nobody', ['loss'])).rejects.toThrow('no run nobody');
    await expect(service.series('run', ['loss'], { maxPoints: 0 })).rejects.toThrow('1 to 5,000');
    await expect(service.series('run', ['loss'], { maxPoints: 1e6 })).rejects.toThrow('1 to 5,000');
  });
});
