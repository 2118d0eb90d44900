import { expect, it } from 'vitest';
import { RunMetrics, type AnsweredBatch } from './run-metrics.ts';

const time = '2025-06-15T12:00:00.000Z';
const batch = (cursor: string, ...steps: number[]): AnsweredBatch => ({
  cursor,
  points: steps.map((step) => ({ key: 'loss', rank: 0, step, value: 1 / step, nonFinite: null, time })),
});
const answered = (...steps: number[]) => [
  {
    key: 'loss',
    unit: 'nats',
    buckets: steps.map((step) => ({ fromStep: step, toStep: step, min: 1, max: 1, last: 1, nonFinite: null, count: 1, time })),
  },
];

it('goes on from an answer with the points that follow', () => {
  const metrics = new RunMetrics();
  metrics.load(answered(1, 2), 'c2');
  metrics.receive(batch('c4', 3, 4));
  expect([...(metrics.get('loss')?.column('toStep') ?? [])]).toEqual([1, 2, 3, 4]);
  expect(metrics.cursor).toBe('c4');
  expect(metrics.lastStep).toBe(4);
});

it('holds a repeated point once, after a connection was lost in the middle of a batch', () => {
  const metrics = new RunMetrics();
  metrics.load(answered(1, 2), 'c2');
  metrics.receive(batch('c3', 3));
  metrics.receive(batch('c5', 3, 4, 5));
  expect(metrics.get('loss')?.points).toBe(5);
});

it('takes a metric that the answer did not have yet', () => {
  const metrics = new RunMetrics();
  metrics.load([], 'c0');
  metrics.receive({ cursor: 'c1', points: [{ key: 'evaluationLoss', rank: 0, step: 0, value: 2, nonFinite: null, time }] });
  expect(metrics.get('evaluationLoss')?.at(0)?.time).toBe(Date.parse(time));
  expect(metrics.lastStep).toBe(0);
});

it('forgets what it held when it is loaded again', () => {
  const metrics = new RunMetrics();
  metrics.receive(batch('c1', 1));
  metrics.load([], 'c9');
  expect(metrics.all()).toEqual([]);
  expect(metrics.cursor).toBe('c9');
});

it('shows what is no finite number as such, and the first process of several alone', () => {
  const metrics = new RunMetrics();
  const bucket = { fromStep: 1, toStep: 4, min: 2, max: 3, last: null, nonFinite: 'NAN', count: 4, time } as const;
  metrics.load([{ key: 'loss', unit: '', buckets: [bucket] }], 'c4');
  const point = { key: 'loss', step: 5, value: null, nonFinite: 'POSITIVE_INFINITY', time } as const;
  metrics.receive({
    cursor: 'c6',
    points: [
      { ...point, rank: 0 },
      { ...point, rank: 1, step: 6, value: 1, nonFinite: null },
    ],
  });
  expect([...(metrics.get('loss')?.column('last') ?? [])]).toEqual([NaN, Infinity]);
  expect(metrics.get('loss')?.at(0)).toMatchObject({ min: 2, max: 3 });
});
