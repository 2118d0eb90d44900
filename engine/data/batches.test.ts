import { describe, expect, it } from 'vitest';
import { randomSource } from '../random.ts';
import { bucketLength, packRows, planEpoch, planPool } from './batches.ts';

const lengthsOf = (count: number): number[] => Array.from({ length: count }, (_, i) => 10 + ((i * 7919) % 500));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
const base = { batchSize: 4, gradientAccumulation: 2, seed: 7, epoch: 0 };

describe('planEpoch', () => {
  it.each([0, 1, 3, 4, 7, 8, 9, 63, 64, 65, 200])('uses each of %i rows once, in full steps but for the last', (count) => {
    const steps = planEpoch(lengthsOf(count), base);
    expect(steps.length).toBe(Math.ceil(count / 8));
    expect(ascending(steps.flat(2))).toEqual(upTo(count));
    for (const step of steps.slice(0, -1)) expect(step.map((microBatch) => microBatch.length)).toEqual([4, 4]);
    for (const microBatch of steps.flat()) expect(microBatch.length).toBeGreaterThan(0);
  });

  it('is the same for the same seed and epoch, and another for others', () => {
    const lengths = lengthsOf(100);
    expect(planEpoch(lengths, base)).toEqual(planEpoch(lengths, base));
    expect(planEpoch(lengths, { ...base, epoch: 1 })).not.toEqual(planEpoch(lengths, base));
    expect(planEpoch(lengths, { ...base, seed: 8 })).not.toEqual(planEpoch(lengths, base));
  });

  it('puts similar lengths together, which saves most of the padding', () => {
    const lengths = lengthsOf(640);
    const padding = (microBatches: readonly (readonly number[])[]): number =>
      microBatches.reduce((sum, rows) => {
        const of = rows.map((row) => lengths[row] ?? 0);
        return sum + of.length * Math.max(...of) - of.reduce((a, b) => a + b);
      }, 0);
    const asTheyCome = Array.from({ length: 160 }, (_, index) => upTo(4).map((row) => 4 * index + row));
    expect(padding(planEpoch(lengths, base).flat())).toBeLessThan(padding(asTheyCome) / 4);
  });

  it('does not go from short to long', () => {
    const lengths = lengthsOf(64);
    const sums = planEpoch(lengths, { ...base, batchSize: 2, gradientAccumulation: 1 }).map((step) =>
      step.flat().reduce((sum, row) => sum + (lengths[row] ?? 0), 0),
    );
    expect(sums).not.toEqual(ascending(sums));
  });

  it('does not leave the longest rows to the last, smaller step every time', () => {
    const last = upTo(30).map((epoch) =>
      planEpoch(upTo(9), { ...base, epoch })
        .at(-1)
        ?.flat(),
    );
    expect(new Set(last.map(String)).size).toBeGreaterThan(4);
  });
});

describe('planPool', () => {
  const shape = { batchSize: 4, gradientAccumulation: 2 };
  it.each([1, 2, 7, 8, 9, 20, 31, 32, 33, 40, 63, 64, 65, 70, 100])('makes eight steps of %i rows, each used at least once', (count) => {
    const steps = planPool(lengthsOf(count), 8, shape, randomSource(1));
    expect(steps.length).toBe(8);
    const used = steps.flat(2);
    expect(new Set(used)).toEqual(new Set(upTo(count)));
    // A row comes twice only where there are not enough of them.
    expect(used.length).toBe(Math.max(count, 8));
    for (const step of steps) {
      expect(step.flat().length).toBeGreaterThan(0);
      for (const microBatch of step) expect(microBatch.length).toBeLessThanOrEqual(4);
      for (const microBatch of step) expect(microBatch.length).toBeGreaterThan(0);
    }
    const sizes = steps.map((step) => step.flat().length);
    // Full steps before the last one, or all nearly the same.
    if (count > 56 && count <= 64) expect(sizes.slice(0, -1).every((size) => size === 8)).toBe(true);
    else expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
});

describe('packRows', () => {
  it.each([0, 1, 50, 5000])('puts each of %i examples into one row that has room for it', (count) => {
    const lengths = lengthsOf(count);
    const rows = packRows(lengths, 512, 1);
    expect(ascending(rows.flat())).toEqual(upTo(count));
    const used = rows.map((row) => row.reduce((sum, example) => sum + (lengths[example] ?? 0), 0));
    for (const tokens of used) expect(tokens).toBeLessThanOrEqual(512);
    if (count < 1000) return;
    expect(used.reduce((a, b) => a + b) / (512 * rows.length)).toBeGreaterThan(0.97);
    expect(packRows(lengths, 512, 1)).toEqual(rows);
    expect(packRows(lengths, 512, 2)).not.toEqual(rows);
  });
});

it('bucketLength never falls, always fits, and takes few values', () => {
  expect([1, 32, 33, 256, 257, 500, 1024, 1025, 4097].map(bucketLength)).toEqual([32, 32, 64, 256, 320, 512, 1024, 1280, 5120]);
  const values = new Set<number>();
  for (let tokens = 0, last = 0; tokens <= 5000; tokens++) {
    const length = bucketLength(tokens);
    expect(length).toBeGreaterThanOrEqual(Math.max(tokens, last, 1));
    values.add((last = length));
  }
  expect(values.size).toBeLessThan(36);
});
