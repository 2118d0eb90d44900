import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

let test: TestStudio;
beforeAll(async () => {
  test = await openStudio();
});
afterAll(() => test.close());

type Result<Data> = Record<string, { __typename: string; message?: string; code?: string; issues?: { path: string }[]; data: Data }>;

async function change<Data>(document: string, input: object): Promise<Result<Data>[string]> {
  const { data, errors } = await test.send<Result<Data>>(document, { input });
  expect(errors).toEqual([]);
  const [result] = Object.values(data);
  if (!result) throw new Error('no answer');
  return result;
}

const createDocument = `mutation ($input: CreateLoggedRunInput!) {
  createLoggedRun(input: $input) { __typename ... on CreateLoggedRunSuccess { data { id state } } ... on Error { message code } }
}`;
const logDocument = `mutation ($input: LogMetricsInput!) {
  logMetrics(input: $input) {
    __typename
    ... on LogMetricsSuccess { data { accepted duplicates } }
    ... on Error { message code }
    ... on InvalidInput { issues { path } }
  }
}`;
const create = (input: object = {}) => change<{ id: string; state: string }>(createDocument, input);
const log = (runId: string, points: object[]) => change<{ accepted: number; duplicates: number }>(logDocument, { runId, points });
const finish = (runId: string, state = 'COMPLETED') =>
  change('mutation ($input: FinishLoggedRunInput!) { finishLoggedRun(input: $input) { __typename ... on Error { message } } }', {
    runId,
    state,
  });

const runDocument = `query ($id: ID!) { node(id: $id) { ... on Run {
  state ranks summary { key last nonFinite lastStep min max count nonFiniteCount }
  other: summary(rank: 3) { key last }
  series(keys: ["loss"], maxPoints: 10) { key rank resolution isThinned buckets { fromStep toStep min max last nonFinite count nonFiniteCount epoch tokens } }
  log(last: 10) { edges { node { level message } } }
} } }`;

describe('logMetrics', () => {
  it('takes values in any order, keeps what is no finite number, and tells it everywhere', async () => {
    const { data: run } = await create({ name: 'Elsewhere', config: { anything: [1, 'two'] }, tags: ['x'] });
    expect(run.state).toBe('RUNNING');
    const time = '2026-01-02T03:04:05.678Z';
    const late = [
      { key: 'loss', step: 3, value: 2, epoch: 1.5, tokens: 30, time },
      { key: 'loss', step: 1, nonFinite: 'NAN', time },
      { key: 'loss', step: 2, value: 3.5, rank: 3 },
    ];
    expect(await log(run.id, late)).toMatchObject({ __typename: 'LogMetricsSuccess', data: { accepted: 3, duplicates: 0 } });
    expect(await log(run.id, late)).toMatchObject({ data: { accepted: 0, duplicates: 3 } });
    const { data } = await test.send<{ node: object }>(runDocument, { id: run.id });
    expect(data.node).toMatchObject({
      state: 'RUNNING',
      ranks: [0, 3],
      summary: [{ key: 'loss', last: 2, nonFinite: null, lastStep: 3, min: 2, max: 2, count: 2, nonFiniteCount: 1 }],
      other: [{ key: 'loss', last: 3.5 }],
      series: [
        {
          ...{ key: 'loss', rank: 0, resolution: 1, isThinned: false },
          buckets: [
            {
              fromStep: 1,
              toStep: 1,
              min: null,
              max: null,
              last: null,
              nonFinite: 'NAN',
              count: 1,
              nonFiniteCount: 1,
              epoch: 0,
              tokens: 0,
            },
            { fromStep: 3, toStep: 3, min: 2, max: 2, last: 2, nonFinite: null, count: 1, nonFiniteCount: 0, epoch: 1.5, tokens: 30 },
          ],
        },
      ],
    });
    expect(await finish(run.id)).toMatchObject({ __typename: 'FinishLoggedRunSuccess' });
  });

  it('says what is wrong with each point, and stores none of them', async () => {
    const { data: run } = await create();
    expect(
      await log(run.id, [
        { key: 'a', step: 1, value: 1 },
        { key: 'a', step: -1, value: 1 },
        { key: 'a', step: 2 },
      ]),
    ).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ path: 'points.1.step' }, { path: 'points.2.value' }],
    });
    await log(run.id, [{ key: 'a', step: 1, value: 1 }]);
    expect(
      await log(run.id, [
        { key: 'a', step: 2, value: 2 },
        { key: 'a', step: 1, value: 5 },
      ]),
    ).toMatchObject({
      __typename: 'Conflict',
      message: '"a" at step 1 is 1 already; 5 was sent. A step has one value for good. Nothing of this call was stored.',
    });
    await finish(run.id, 'CANCELLED');
    expect(await log(run.id, [{ key: 'a', step: 9, value: 9 }])).toMatchObject({ __typename: 'Conflict' });
    expect(await log('UnVuOm5vYm9keQ==', [{ key: 'a', step: 9, value: 9 }])).toMatchObject({ __typename: 'NotFound' });
    expect(await finish(run.id)).toMatchObject({ __typename: 'Conflict', message: expect.stringContaining('CANCELLED') });
  });
});

it('compareRuns gives curves and summaries of all runs in one answer, and counts what they cost', async () => {
  const runs = await Promise.all([create({ name: 'a' }), create({ name: 'b' })]);
  const ids = runs.map(({ data }) => data.id);
  for (const [index, id] of ids.entries())
    await log(
      id,
      Array.from({ length: 100 }, (_, step) => ({ key: 'loss', step, value: step * (index + 1) })),
    );
  const document = `query ($ids: [ID!]!, $maxPoints: Int) { compareRuns(ids: $ids, keys: ["loss"], maxPoints: $maxPoints) {
    run { name } summary { key last } series { key buckets { fromStep last } }
  } }`;
  const { data, extensions } = await test.send<{ compareRuns: { series: { buckets: object[] }[] }[] }>(document, { ids, maxPoints: 25 });
  expect(data.compareRuns).toMatchObject([
    { run: { name: 'a' }, summary: [{ key: 'loss', last: 99 }] },
    { run: { name: 'b' }, summary: [{ key: 'loss', last: 198 }] },
  ]);
  for (const { series } of data.compareRuns) expect(series[0]?.buckets.length).toBeGreaterThan(12);
  const costOf = ({ cost }: Record<string, unknown>) => (cost as { requested: number }).requested;
  const { extensions: more } = await test.send(document, { ids, maxPoints: 5000 });
  expect(costOf(more) - costOf(extensions)).toBe(99);
  const { errors } = await test.send(document, { ids: [...ids, 'UnVuOm5vYm9keQ=='] });
  expect(errors[0]?.message).toContain('There is no run nobody');
  for (const id of ids) await finish(id);
});

it('exportMetrics gives an address that serves every point', async () => {
  const { data: run } = await create({ name: 'Export' });
  await log(run.id, [
    { key: 'loss', step: 1, value: 0.1 },
    { key: 'loss', step: 2, nonFinite: 'POSITIVE_INFINITY' },
  ]);
  const exported = `mutation ($input: ExportMetricsInput!) { exportMetrics(input: $input) { __typename ... on ExportMetricsSuccess { data { url } } ... on Error { message } } }`;
  const csv = await change<{ url: string }>(exported, { runIds: [run.id], format: 'CSV' });
  const response = await fetch(test.url + csv.data.url);
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(response.headers.get('content-disposition')).toContain('metrics.csv');
  expect((await response.text()).split('\r\n').map((line) => line.split(',').slice(1, 6).join())).toEqual([
    'run,metric,rank,step,value',
    'Export,loss,0,1,0.1',
    'Export,loss,0,2,Infinity',
    '',
  ]);
  const json = await change<{ url: string }>(exported, { runIds: [run.id], keys: ['loss'], format: 'JSON' });
  expect(await (await fetch(test.url + json.data.url)).json()).toMatchObject([{ value: 0.1 }, { value: 'Infinity' }]);
  const forged = await fetch(`${test.url}${json.data.url}0`);
  expect(forged.status).toBe(403);
  expect(await change(exported, { runIds: ['UnVuOm5vYm9keQ=='], format: 'CSV' })).toMatchObject({ __typename: 'NotFound' });
  await finish(run.id);
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('examples/log_from_python.py', () => {
  // A continuous integration has Python; elsewhere one may be missing.
  it.skipIf(!hasPython && !process.env.CI)('logs a run with nothing but the standard library', async () => {
    const program = path.join(import.meta.dirname, '../../examples/log_from_python.py');
    const { stdout } = await promisify(execFile)('python3', [program, '--url', test.url, '--steps', '300']);
    const id = stdout.trim();
    const { data } = await test.send<{ node: { log: { edges: { node: object }[] } } }>(runDocument, { id });
    expect(data.node).toMatchObject({
      state: 'COMPLETED',
      summary: [
        { key: 'loss', lastStep: 300, count: 300, nonFiniteCount: 0 },
        { key: 'learningRate', last: 0.05, count: 300 },
      ],
      log: { edges: [{ node: { level: 'INFO', message: expect.stringMatching(/^y = [23]\.\d\d x \+ [01]\.\d\d$/) } }] },
    });
  });
});
