import { describe, expect, it } from 'vitest';
import { pointBucket, Series } from './series.ts';

const filled = (count: number, limit?: number): Series => {
  const series = new Series('loss', 'nats', limit);
  for (let step = 1; step <= count; step += 1) series.append(pointBucket(step, Math.sin(step), step * 1000));
  return series;
};

describe('Series', () => {
  it('keeps points in order and grows beyond its first capacity', () => {
    const series = filled(700);
    expect(series.length).toBe(700);
    expect(series.lastStep).toBe(700);
    expect(series.at(699)).toEqual(pointBucket(700, Math.sin(700), 700_000));
  });

  it('leaves out what it already holds', () => {
    const series = filled(3);
    expect(series.append(pointBucket(3, 9, 0))).toBe(false);
    expect(series.append(pointBucket(2, 9, 0))).toBe(false);
    expect(series.append(pointBucket(4, 9, 0))).toBe(true);
    expect([...series.column('last')]).toEqual([Math.sin(1), Math.sin(2), Math.sin(3), 9]);
  });

  it('takes step 0, the evaluation before training', () => {
    const series = new Series('evaluationLoss', 'nats');
    expect(series.lastStep).toBe(-1);
    expect(series.append(pointBucket(0, 3, 0))).toBe(true);
  });

  it('never holds more than its limit and loses no point', () => {
    const series = filled(25_000, 400);
    expect(series.length).toBeLessThanOrEqual(400);
    expect(series.points).toBe(25_000);
    expect(series.lastStep).toBe(25_000);
  });

  it('keeps buckets side by side, without overlap or hole', () => {
    const series = filled(9_999, 400);
    const from = series.column('fromStep');
    const to = series.column('toStep');
    expect(from[0]).toBe(1);
    for (let index = 1; index < series.length; index += 1) expect(from[index]).toBe((to[index - 1] ?? 0) + 1);
  });

  it('keeps lowest, highest and last value of what it merges', () => {
    const series = filled(9_999, 400);
    for (let index = 0; index < series.length; index += 1) {
      const bucket = series.at(index);
      if (!bucket) throw new Error('inside the length');
      const values = Array.from({ length: bucket.count }, (_, offset) => Math.sin(bucket.fromStep + offset));
      expect([bucket.min, bucket.max, bucket.last]).toEqual([Math.min(...values), Math.max(...values), values.at(-1)]);
    }
  });

  it('keeps the newest points unmerged and the older ones about equally wide', () => {
    const series = filled(50_000, 400);
    const count = series.column('count');
    expect([...count.subarray(-90)].every((value) => value === 1)).toBe(true);
    expect(Math.max(...count)).toBeLessThanOrEqual((2 * 50_000) / (400 / 4));
  });

  it('thins sparse series, too', () => {
    const series = new Series('evaluationLoss', 'nats', 100);
    for (let step = 0; step < 50_000; step += 50) series.append(pointBucket(step, 1, 0));
    expect(series.length).toBeLessThanOrEqual(100);
    expect(series.points).toBe(1000);
  });

  it('does not let one NaN hide its neighbours', () => {
    const series = new Series('loss', 'nats', 8);
    for (let step = 1; step <= 20; step += 1) series.append(pointBucket(step, step % 2 === 1 ? NaN : step, 0));
    expect(series.at(0)?.max).not.toBeNaN();
  });
});
