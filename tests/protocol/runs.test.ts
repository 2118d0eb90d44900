import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Connection, openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
  // What is measured here is not for other runs on this machine.
  vi.stubEnv('ANNEAL_CACHE', path.join(studio.studio.config.dataFolder, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await studio.close();
});

/** A mutation whose answer is a union. */
const mutation = (name: string, data: string) => {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Success { data ${data} } ... on Error { message ... on InvalidInput { issues { path message } } } } }`;
};
const change = async (name: string, input: object, data = '{ id }') => {
  const answer = await studio.send<Record<string, { __typename: string; message: string; data: { id: string } }>>(mutation(name, data), {
    input,
  });
  expect(answer.errors).toEqual([]);
  return answer.data[name]!;
};
const read = async <Node>(id: string, fields: string) =>
  (await studio.send<{ node: Node }>(`query ($id: ID!) { node(id: $id) { ... on Run { ${fields} } } }`, { id })).data.node;
const list = async (filter: object) => {
  const query = 'query ($filter: RunFilter) { runs(filter: $filter, first: 100) { totalCount edges { node { name } } } }';
  const { data, errors } = await studio.send<{ runs: Connection<{ name: string }> }>(query, { filter });
  expect(errors).toEqual([]);
  expect(data.runs.totalCount).toBe(data.runs.edges.length);
  return data.runs.edges.map(({ node }) => node.name).sort();
};
/** A run that waits for nothing: queued, then cancelled. */
async function cancelled(input: object): Promise<string> {
  const { data } = await change('startRun', {
    ...input,
    config: { schedule: { maxSteps: 2 }, ...('config' in input ? (input.config as object) : {}) },
  });
  await change('pauseRun', { runId: data.id });
  while ((await read<{ state: string }>(data.id, 'state')).state !== 'PAUSED') await pause(50);
  await change('cancelRun', { runId: data.id });
  while ((await read<{ state: string }>(data.id, 'state')).state !== 'CANCELLED') await pause(50);
  return data.id;
}

describe('runs', () => {
  it('are started with what is said about them, changed, cloned, compared, found and deleted', async () => {
    const { data: experiment } = await change('createExperiment', { name: 'Tuning', description: 'Ranks' });
    const first = await cancelled({
      name: 'Größe 1',
      notes: 'Nur ein VERSUCH',
      tags: ['rank', 'draft'],
      priority: 3,
      experimentId: experiment.id,
    });
    const fields = 'name notes tags priority crashes maxCrashes project { name } parent { name } queuePosition secondsUntilStart';
    expect(await read(first, fields)).toEqual({
      ...{ name: 'Größe 1', notes: 'Nur ein VERSUCH', tags: ['draft', 'rank'], priority: 3, crashes: 0, maxCrashes: 20 },
      ...{ project: { name: 'Default' }, parent: null, queuePosition: null, secondsUntilStart: null },
    });
    const clone = await change('cloneRun', { runId: first, name: 'Zweiter', config: { method: { rank: 4 } } });
    await change('cancelRun', { runId: clone.data.id });
    while ((await read<{ state: string }>(clone.data.id, 'state')).state !== 'CANCELLED') await pause(50);
    expect(await read(clone.data.id, 'tags parent { name } experiment { name }')).toEqual({
      ...{ tags: ['draft', 'rank'], parent: { name: 'Größe 1' }, experiment: { name: 'Tuning' } },
    });
    const compare = 'query ($ids: [ID!]!) { compareRunConfigs(runIds: $ids) { path values } }';
    const { data } = await studio.send(compare, { ids: [first, clone.data.id, first] });
    expect(data).toEqual({ compareRunConfigs: [{ path: 'method.rank', values: [8, 4, 8] }] });
    expect((await studio.send(compare, { ids: ['x'] })).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);

    await change('updateRun', { runId: clone.data.id, tags: ['final'] });
    expect(await list({ search: 'GRÖSSE' })).toEqual([]);
    expect(await list({ search: 'GRÖßE' })).toEqual(['Größe 1']);
    expect(await list({ search: 'versuch' })).toEqual(['Größe 1']);
    expect(await list({ tags: ['rank', 'draft'] })).toEqual(['Größe 1']);
    expect(await list({ tags: ['final'], experimentId: experiment.id, states: ['CANCELLED'] })).toEqual(['Zweiter']);
    expect(await list({ parentId: first })).toEqual(['Zweiter']);
    expect(await list({ experimentId: experiment.id, createdFrom: '2020-01-01T00:00:00Z', createdTo: '2020-01-02T00:00:00Z' })).toEqual([]);
    const user = Buffer.from('User:local').toString('base64');
    expect(await list({ experimentId: experiment.id, createdById: user, createdFrom: '2020-01-01T00:00:00Z' })).toHaveLength(2);

    expect(await change('deleteExperiment', { experimentId: experiment.id }, '')).toMatchObject({
      ...{ __typename: 'Conflict', message: expect.stringContaining('has runs (2)') },
    });
    expect(await change('deleteRun', { runId: clone.data.id }, '')).toEqual({ __typename: 'DeleteRunSuccess', data: clone.data.id });
    expect(await read(clone.data.id, 'name')).toBeNull();
    const renamed = await change('updateExperiment', { experimentId: experiment.id, name: 'Later' }, '{ name description }');
    expect(renamed).toMatchObject({ data: { name: 'Later', description: 'Ranks' } });
    expect(await change('deleteExperiment', { experimentId: experiment.id, withRuns: true }, '')).toMatchObject({ data: experiment.id });
    expect(await read(first, 'name')).toBeNull();
  });

  it('name each field that is wrong', async () => {
    const wrong = { name: 'x'.repeat(201), notes: 'x'.repeat(20_001), tags: ['ok', ' '], priority: 101, maxCrashes: -1 };
    expect(await change('startRun', wrong)).toMatchObject({
      __typename: 'InvalidInput',
      issues: ['name', 'notes', 'tags.1', 'priority', 'maxCrashes'].map((field) => ({ path: field })),
    });
    expect(await change('startRun', { config: { run: { device: 'coreml' } } })).toMatchObject({ issues: [{ path: 'run.device' }] });
    for (const [name, type] of [
      ['datasetVersionId', 'DatasetVersion'],
      ['baseModelId', 'BaseModel'],
    ] as const) {
      const nothing = { [name]: Buffer.from(`${type}:nothing`).toString('base64') };
      expect(await change('startRun', nothing)).toMatchObject({ __typename: 'NotFound' });
    }
    for (const name of ['retryRun', 'updateRun', 'deleteRun', 'cloneRun'])
      expect(await change(name, { runId: 'x' }, name === 'deleteRun' ? '' : '{ id }')).toMatchObject({ __typename: 'NotFound' });
  });

  it('tell of their queue', async () => {
    const running = [];
    for (let index = 0; index < 4; index++) running.push(await studio.startRun(100, 1));
    const queued = await studio.startRun(10);
    const urgent = await studio.startRun(10);
    await change('updateRun', { runId: urgent.id, priority: 9 });
    expect([await read(queued.id, 'queuePosition'), await read(urgent.id, 'queuePosition')]).toEqual([
      { queuePosition: 2 },
      { queuePosition: 1 },
    ]);
    for (const run of [...running, queued, urgent]) await change('cancelRun', { runId: run.id });
    for (const run of [...running, queued, urgent]) await studio.ended(run);
  });
});

describe('what a run leaves behind', () => {
  it('can be looked through and fetched', async () => {
    const run = await studio.startRun(30);
    await studio.ended(run);
    const log = async (filter: object) => {
      const query =
        'query ($id: ID!, $filter: LogFilter) { node(id: $id) { ... on Run { log(filter: $filter) { totalCount edges { node { message } } } } } }';
      const { data } = await studio.send<{ node: { log: Connection<{ message: string }> } }>(query, { id: run.id, filter });
      return [data.node.log.totalCount, ...data.node.log.edges.map(({ node }) => node.message)];
    };
    expect(await log({})).toEqual([3, 'step 10', 'step 20', 'step 30']);
    expect(await log({ levels: ['INFO'], search: '20' })).toEqual([1, 'step 20']);
    expect(await log({ levels: ['ERROR', 'WARN'] })).toEqual([0]);

    const left = await read<{
      checkpoints: Connection<{ id: string; isKept: boolean }>;
      workerLog: { name: string; bytes: number; url: string };
      tensorBoardFiles: unknown[];
    }>(run.id, 'workerLog { name bytes url } tensorBoardFiles { name } checkpoints { edges { node { id isKept } } }');
    // The scripted training told of a checkpoint that it did not write.
    expect(left.checkpoints.edges).toMatchObject([{ node: { isKept: false } }]);
    expect(left.tensorBoardFiles).toEqual([]);
    expect(left.workerLog.name).toBe('worker.log');
    const fetched = await fetch(`${studio.url}${left.workerLog.url}`);
    expect(fetched.status).toBe(200);
    expect(await fetched.text()).toBe(await readFile(path.join(run.folder, 'worker.log'), 'utf8'));
    const gone = await change('deleteCheckpoint', { checkpointId: left.checkpoints.edges[0]!.node.id }, '{ isKept }');
    expect(gone).toMatchObject({ __typename: 'DeleteCheckpointSuccess', data: { isKept: false } });
  });

  it('tries a run again that was cancelled', async () => {
    const run = await studio.startRun(20, 5);
    await change('cancelRun', { runId: run.id });
    await studio.ended(run);
    expect(await change('retryRun', { runId: run.id }, '{ state finishedAt }')).toMatchObject({ data: { finishedAt: null } });
    await run.release();
    while ((await read<{ state: string }>(run.id, 'state')).state !== 'COMPLETED') await pause(50);
    expect(await change('retryRun', { runId: run.id })).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('is complete'),
    });
  });
});

describe('runPlan', () => {
  it('says what a run will take, or what is wrong with it', async () => {
    const query =
      'query ($input: RunPlanInput!) { runPlan(input: $input) { __typename ... on RunPlanSuccess { data { parameters device cost rows time { steps total } memory { peak fits parts { weights } } disk { total } warnings } } ... on Error { message ... on InvalidInput { issues { path } } } } }';
    const tiny = path.join(studio.studio.config.dataFolder, 'tiny');
    const config = {
      ...{ model: { base: path.join(tiny, 'model') }, data: { path: path.join(tiny, 'rows.jsonl'), maxLength: 64 } },
      schedule: { maxSteps: 10, batchSize: 2 },
    };
    const { data, errors } = await studio.send<{ runPlan: { __typename: string; data: { time: { total: number }; cost: number } } }>(
      query,
      {
        input: { config, pricePerHour: 3600 },
      },
    );
    expect(errors).toEqual([]);
    expect(data.runPlan).toMatchObject({
      __typename: 'RunPlanSuccess',
      data: { device: 'cpu', time: { steps: 10 }, memory: { fits: true } },
    });
    expect(data.runPlan.data.cost).toBeCloseTo(data.runPlan.data.time.total);
    const wrong = await studio.send(query, { input: { config: { schedule: { batchSize: 0 } } } });
    expect(wrong.data).toMatchObject({ runPlan: { __typename: 'InvalidInput', issues: [{ path: 'schedule.batchSize' }] } });
  });
});
