import { describe, expect, it } from 'vitest';
import { permutation } from './permutation.ts';

const all = (count: number, seed: number): number[] => {
  const order = permutation(count, seed);
  return Array.from({ length: count }, (_, place) => order(place));
};

describe('permutation', () => {
  it.each([1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000, 4097])('of %i numbers has each of them once', (count) => {
    for (const seed of [0, 1, 4294967295]) expect(new Set(all(count, seed))).toEqual(new Set(Array.from({ length: count }, (_, i) => i)));
  });

  it('is the same for the same seed, and another for another', () => {
    expect(all(100, 5)).toEqual(all(100, 5));
    expect(all(100, 5)).not.toEqual(all(100, 6));
  });

  it('puts every number in every place, about as often', () => {
    const seeds = 6000;
    for (const count of [3, 10]) {
      const seen = Array.from({ length: count }, () => new Array<number>(count).fill(0));
      for (let seed = 0; seed < seeds; seed++) {
        all(count, seed).forEach((value, place) => {
          const row = seen[place];
          if (row) row[value] = (row[value] ?? 0) + 1;
        });
      }
      // Five standard deviations of a fair draw.
      const expected = seeds / count;
      const tolerance = 5 * Math.sqrt(expected * (1 - 1 / count));
      for (const row of seen) for (const times of row) expect(Math.abs(times - expected)).toBeLessThan(tolerance);
    }
  });

  it('leaves no trace of the order: neighbours end up far apart', () => {
    const values = all(10_000, 3);
    const steps = values.slice(1).map((value, index) => Math.abs(value - (values[index] ?? 0)));
    // Two numbers by chance are a third of the range apart on average.
    expect(steps.reduce((a, b) => a + b) / steps.length / 10_000).toBeCloseTo(1 / 3, 1);
  });

  it('reaches numbers beyond 32 bits', () => {
    const count = 2 ** 40 + 12345;
    const order = permutation(count, 9);
    const values = Array.from({ length: 2000 }, (_, place) => order(place * 500_000_000));
    expect(new Set(values).size).toBe(2000);
    for (const value of values) expect(value).toBeLessThan(count);
    expect(Math.max(...values)).toBeGreaterThan(0.99 * count);
  });
});
