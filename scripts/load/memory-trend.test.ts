import { describe, expect, it } from 'vitest';
import { memoryTrend } from './memory-trend.ts';

const usages = (memory: (second: number) => number) =>
  Array.from({ length: 60 }, (_, second) => ({ time: second * 1000, cpu: 0, memory: memory(second) }));

describe('the trend of memory', () => {
  it('is the growth a minute in the second half', () => {
    expect(memoryTrend(usages((second) => (second < 20 ? second * 5000 : 100_000)))).toBeCloseTo(0);
    expect(memoryTrend(usages((second) => 1000 + second * 10))).toBeCloseTo(600);
  });

  it('does not take the teeth of a saw for growth', () => {
    const tooth = 400;
    expect(Math.abs(memoryTrend(usages((second) => 100_000 + ((second % 5) * tooth) / 4)) ?? Infinity)).toBeLessThan(tooth);
  });

  it('is not known from a few moments', () => {
    expect(memoryTrend(usages(() => 1).slice(0, 6))).toBeNull();
  });
});
