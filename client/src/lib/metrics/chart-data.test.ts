import { expect, it } from 'vitest';
import { chartData, type ChartView } from './chart-data.ts';
import { pointBucket, Series } from './series.ts';

const view: ChartView = { axis: 'step', origin: 0, smoothing: 0, logarithmic: false };

const series = (points: [step: number, value: number, time?: number][]): Series => {
  const result = new Series('loss', 'nats');
  for (const [step, value, time = step * 1000] of points) result.append(pointBucket(step, value, time));
  return result;
};

it('lays two metrics over the same steps', () => {
  const loss = series([
    [1, 3],
    [2, 2],
    [3, 1],
  ]);
  const evaluation = series([
    [0, 4],
    [2, 2.5],
  ]);
  const [x, min, , value, smoothed, overlay] = chartData(loss, evaluation, view);
  expect(x).toEqual([0, 1, 2, 3]);
  expect(min).toEqual([null, 3, 2, 1]);
  expect(value).toEqual([null, 3, 2, 1]);
  expect(smoothed).toEqual([null, 3, 2, 1]);
  expect(overlay).toEqual([4, null, 2.5, null]);
});

it('draws nothing when there is nothing', () => expect(chartData(undefined, undefined, view)).toEqual([[], [], [], [], [], []]));

it('runs over seconds since the start, always rising', () => {
  const [x] = chartData(
    series([
      [1, 3, 5000],
      [2, 2, 5000],
      [3, 1, 7000],
    ]),
    undefined,
    { ...view, axis: 'time', origin: 4000 },
  );
  expect(x[0]).toBe(1);
  expect(x[1]).toBeGreaterThan(1);
  expect(x[1]).toBeCloseTo(1);
  expect(x[2]).toBe(3);
});

it('leaves out what has no logarithm, and what is not a number', () => {
  const [, , , value] = chartData(
    series([
      [1, 0],
      [2, NaN],
      [3, 1],
    ]),
    undefined,
    { ...view, logarithmic: true },
  );
  expect(value).toEqual([null, null, 1]);
});
