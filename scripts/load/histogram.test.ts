import { describe, expect, it } from 'vitest';
import { count, emptyHistogram, type Histogram, quantile, sum } from './histogram.ts';

const of = (...values: number[]): Histogram => {
  const histogram = emptyHistogram();
  for (const value of values) count(histogram, value);
  return histogram;
};

describe('a histogram', () => {
  it('tells quantiles in whole milliseconds', () => {
    const histogram = of(...Array.from({ length: 10 }, (_, index) => index + 0.5));
    expect([0.5, 0.9, 0.99, 1].map((share) => quantile(histogram, share))).toEqual([4, 8, 9, 9]);
  });

  it('adds up, and has no quantile when it is empty', () => {
    expect(quantile(sum([of(1, 1), of(7)]), 0.67)).toBe(7);
    expect(quantile(sum([]), 0.5)).toBeNull();
  });
});
