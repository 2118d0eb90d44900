import { expect, it } from 'vitest';
import { announce, matches, merge, type RunRow } from './run-list.ts';

const run = (id: string, minute: number, more: Partial<RunRow> = {}): RunRow => ({
  id,
  name: `Run ${id}`,
  state: 'RUNNING',
  createdAt: new Date(Date.UTC(2025, 5, 15, 12, minute)).toISOString(),
  startedAt: null,
  finishedAt: null,
  step: 0,
  totalSteps: null,
  progress: null,
  secondsLeft: null,
  attempts: 1,
  experiment: { id: 'e', name: 'Default' },
  error: null,
  summary: [],
  ...more,
});
const ids = (list: readonly RunRow[]): string[] => list.map(({ id }) => id);
const everything = { search: '', states: [] };

it('keeps the newest first, each run once, and its newest answer', () => {
  const list = merge([run('b', 2), run('a', 1)], [run('c', 3), run('b', 2, { step: 7 })]);
  expect(ids(list)).toEqual(['c', 'b', 'a']);
  expect(list[1]?.step).toBe(7);
});

it('orders runs of the same moment the same way every time', () => {
  expect(ids(merge([run('a', 1)], [run('b', 1)]))).toEqual(ids(merge([run('b', 1)], [run('a', 1)])));
});

it('adds an announced run that the filter lets through', () => {
  expect(announce([run('a', 1)], run('b', 2), everything)).toMatchObject({ added: true, list: [{ id: 'b' }, { id: 'a' }] });
  expect(announce([run('a', 1)], run('b', 2), { search: 'other', states: [] })).toMatchObject({ added: false, list: [{ id: 'a' }] });
});

it('changes a run that is shown even when it leaves the filter, so that nothing jumps away while it is read', () => {
  const filter = { search: '', states: ['RUNNING'] as const };
  const { list, added } = announce([run('a', 1)], run('a', 1, { state: 'COMPLETED' }), filter);
  expect(added).toBe(false);
  expect(list[0]?.state).toBe('COMPLETED');
});

it('finds names whatever their case', () => {
  expect(matches(run('a', 1, { name: 'Quickstart' }), { search: ' quick', states: [] })).toBe(true);
  expect(matches(run('a', 1), { search: '', states: ['FAILED'] })).toBe(false);
});
