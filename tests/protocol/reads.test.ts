import { graphql } from 'graphql';
import { schema } from '@anneal/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
  const { prisma } = studio.studio;
  const summary = { loss: { last: 1, lastStep: 9, min: 1, max: 2, count: 9 } };
  for (const name of ['a', 'b']) await prisma.experiment.create({ data: { id: name, name, searchText: name, projectId: 'default' } });
  for (let index = 0; index < 30; index++) {
    const id = `run${String(index).padStart(2, '0')}`;
    // Half of them have the same time: pages must not lose or repeat any.
    const time = new Date(2025, 0, 1 + Math.floor(index / 2));
    const startedAt = index % 3 === 0 ? null : time;
    await prisma.run.create({
      data: {
        id,
        name: `Run ${index % 7}`,
        searchText: `run ${index % 7}\n`,
        projectId: 'default',
        experimentId: index % 2 ? 'a' : 'b',
        state: 'CANCELLED',
        config: {},
        summary,
        createdAt: time,
        startedAt,
        finishedAt: time,
        eventSequence: 4,
      },
    });
    await prisma.runEvent.createMany({
      data: [1, 2, 3, 4].map((sequence) => ({
        runId: id,
        sequence,
        type: 'LOG' as const,
        time,
        step: sequence,
        level: 'INFO' as const,
        message: `line ${sequence}`,
      })),
    });
    await prisma.checkpoint.create({ data: { id: `${id}-c`, runId: id, step: 1, loss: 1, bytes: 1, path: 'x', createdAt: time } });
  }
});
afterAll(() => studio.close());

/** Runs a document and tells how many database operations it took. */
async function count(source: string): Promise<number> {
  let operations = 0;
  const prisma = studio.studio.prisma.$extends({
    query: {
      $allOperations({ args, query }) {
        operations++;
        return query(args);
      },
    },
  });
  const viewer = await studio.studio.identity.viewerOf({ address: '' });
  const contextValue = { studio: { ...studio.studio, prisma }, viewer, position: {} };
  const { errors } = await graphql({ schema, source, contextValue });
  expect(errors).toBeUndefined();
  return operations;
}

const runFields =
  'id name state experiment { name } summary { key last } log(last: 2) { edges { node { message } } } checkpoints { edges { node { step } } } artifacts { path }';

describe('reading', () => {
  it('takes no more database operations for more rows', async () => {
    const runs = (first: number) => `{ runs(first: ${first}) { totalCount edges { node { ${runFields} } } } }`;
    const few = await count(runs(2));
    expect(few).toBeLessThanOrEqual(3);
    expect(await count(runs(30))).toBe(few);
    const experiments = (first: number) =>
      `{ experiments(first: ${first}) { edges { node { name runs(first: 10) { totalCount edges { node { ${runFields} } } } } } } }`;
    expect(await count(experiments(2))).toBe(await count(experiments(1)));
  });

  it.each(['CREATED_AT', 'NAME', 'STATE', 'STARTED_AT', 'FINISHED_AT'])('pages through runs by %s, each once, both ways', async (field) => {
    for (const direction of ['ASC', 'DESC']) {
      const order = `orderBy: { field: ${field}, direction: ${direction} }`;
      const whole = await page(`first: 100, ${order}`);
      expect(new Set(whole.ids).size).toBe(30);
      const forward: string[] = [];
      for (let after = ''; forward.length < 30;) {
        const { ids, pageInfo } = await page(`first: 7, ${order} ${after}`);
        forward.push(...ids);
        if (!pageInfo.hasNextPage) break;
        after = `after: "${pageInfo.endCursor}"`;
      }
      expect(forward).toEqual(whole.ids);
      const backward: string[] = [];
      for (let before = ''; backward.length < 30;) {
        const { ids, pageInfo } = await page(`last: 7, ${order} ${before}`);
        backward.unshift(...ids);
        if (!pageInfo.hasPreviousPage) break;
        before = `before: "${pageInfo.startCursor}"`;
      }
      expect(backward).toEqual(whole.ids);
    }
  });

  it('filters by name, state and experiment, and counts what it filters', async () => {
    const { data } = await studio.send<{ experiments: Connection<{ id: string }> }>(
      '{ experiments(filter: { search: "a" }) { edges { node { id } } } }',
    );
    const id = data.experiments.edges[0]?.node.id ?? '';
    const { data: filtered } = await studio.send<{ runs: Connection<unknown> }>(
      `{ runs(filter: { search: "run 3", states: [CANCELLED, FAILED], experimentId: "${id}" }) { totalCount edges { node { name experiment { name } } } } }`,
    );
    expect(filtered.runs.totalCount).toBe(filtered.runs.edges.length);
    expect(filtered.runs.edges.length).toBeGreaterThan(0);
    for (const { node } of filtered.runs.edges) expect(node).toEqual({ name: 'Run 3', experiment: { name: 'a' } });
    expect((await studio.send('{ runs(filter: { states: [RUNNING] }) { totalCount } }')).data).toEqual({ runs: { totalCount: 0 } });
    expect((await studio.send('{ runs(filter: { experimentId: "x" }) { totalCount } }')).errors).toMatchObject([
      { extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it('reads anything again by its id', async () => {
    const ids = ['Run:run00', 'Experiment:a', 'Checkpoint:run00-c', 'Run:gone'].map((id) => Buffer.from(id).toString('base64'));
    const again = await studio.send('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids });
    expect(again.data).toEqual({
      nodes: [{ __typename: 'Run', id: ids[0] }, { __typename: 'Experiment', id: ids[1] }, { __typename: 'Checkpoint', id: ids[2] }, null],
    });
  });

  it('reads the log from its end', async () => {
    const query =
      'query ($id: ID!, $last: Int, $before: String) { node(id: $id) { ... on Run { log(last: $last, before: $before) { totalCount edges { node { message level } } pageInfo { hasPreviousPage startCursor } } } } }';
    const id = Buffer.from('Run:run00').toString('base64');
    const read = async (last: number, before?: string) =>
      (await studio.send<{ node: { log: Connection<{ message: string }> } }>(query, { id, last, before })).data.node.log;
    const log = await read(2);
    expect(log).toMatchObject({
      totalCount: 4,
      pageInfo: { hasPreviousPage: true },
      edges: [{ node: { message: 'line 3' } }, { node: { message: 'line 4', level: 'INFO' } }],
    });
    const earlier = await read(5, log.pageInfo.startCursor);
    expect(earlier.edges.map((edge) => edge.node.message)).toEqual(['line 1', 'line 2']);
  });
});

async function page(args: string) {
  const { data, errors } = await studio.send<{ runs: Connection<{ id: string }> }>(
    `{ runs(${args}) { edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
  );
  expect(errors).toEqual([]);
  return { ids: data.runs.edges.map((edge) => edge.node.id), pageInfo: data.runs.pageInfo };
}
