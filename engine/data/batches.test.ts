import { describe, expect, it } from 'vitest';
import { bucketLength, planBatches } from './batches.ts';

const lengthsOf = (count: number): number[] => Array.from({ length: count }, (_, i) => 10 + ((i * 7919) % 500));
const base = { batchSize: 4, gradientAccumulation: 2, seed: 7, epoch: 0 };

describe('planBatches', () => {
  it.each([0, 1, 3, 4, 7, 8, 9, 63, 64, 65, 200])('uses each of %i examples once, in full steps but for the last', (count) => {
    for (const bucket of [true, false]) {
      const steps = planBatches(lengthsOf(count), { ...base, bucket });
      expect(steps.length).toBe(Math.ceil(count / 8));
      expect(steps.flat(2).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      for (const step of steps.slice(0, -1)) expect(step.map((microBatch) => microBatch.length)).toEqual([4, 4]);
      for (const microBatch of steps.flat()) expect(microBatch.length).toBeGreaterThan(0);
    }
  });

  it('is the same for the same seed and epoch, and another for others', () => {
    const lengths = lengthsOf(100);
    expect(planBatches(lengths, base)).toEqual(planBatches(lengths, base));
    expect(planBatches(lengths, { ...base, epoch: 1 })).not.toEqual(planBatches(lengths, base));
    expect(planBatches(lengths, { ...base, seed: 8 })).not.toEqual(planBatches(lengths, base));
  });

  it('puts similar lengths together, which saves most of the padding', () => {
    const lengths = lengthsOf(640);
    const padded = (bucket: boolean): number =>
      planBatches(lengths, { ...base, bucket })
        .flat()
        .reduce((sum, microBatch) => sum + microBatch.length * Math.max(...microBatch.map((index) => lengths[index] ?? 0)), 0);
    const tokens = lengths.reduce((a, b) => a + b);
    expect(padded(true) - tokens).toBeLessThan((padded(false) - tokens) / 4);
  });

  it('does not go from short to long', () => {
    const lengths = lengthsOf(64);
    const means = planBatches(lengths, { ...base, batchSize: 2, gradientAccumulation: 1 }).map((step) =>
      step.flat().reduce((sum, index) => sum + (lengths[index] ?? 0), 0),
    );
    expect(means).not.toEqual([...means].sort((a, b) => a - b));
  });

  it('does not leave the longest examples to the last, smaller step every time', () => {
    const lengths = Array.from({ length: 9 }, (_, i) => i);
    const last = Array.from({ length: 30 }, (_, epoch) =>
      planBatches(lengths, { ...base, epoch })
        .at(-1)
        ?.flat(),
    );
    expect(new Set(last.map(String)).size).toBeGreaterThan(4);
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
