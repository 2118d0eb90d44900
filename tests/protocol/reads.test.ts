import { graphql } from 'graphql';
import { schema } from '@anneal/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
  const { prisma } = studio.studio;
  const summary = { loss: { last: 1, lastStep: 9, min: 1, max: 2, count: 9 } };
  for (const name of ['a', 'b']) await prisma.experiment.create({ data: { id: name, name } });
  for (let index = 0; index < 30; index++) {
    const id = `run${String(index).padStart(2, '0')}`;
    // Half of them have the same time: pages must not lose or repeat any.
    const time = new Date(2025, 0, 1 + Math.floor(index / 2));
    const startedAt = index % 3 === 0 ? null : time;
    await prisma.run.create({ data: { id, name: `Run ${index % 7}`, experimentId: index % 2 ? 'a' : 'b', state: 'CANCELLED', config: {}, summary, createdAt: time, startedAt, finishedAt: time, eventSequence: 4 } });
    await prisma.runEvent.createMany({ data: [1, 2, 3, 4].map((sequence) => ({ runId: id, sequence, type: 'LOG' as const, time, step: sequence, level: 'INFO' as const, message: `line ${sequence}` })) });
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
  const contextValue = { studio: { ...studio.studio, prisma }, position: {} };
  const { errors } = await graphql({ schema, source, contextValue });
  expect(errors).toBeUndefined();
  return operations;
}

const runFields = 'id name state experiment { name } summary { key last } log(last: 2) { edges { node { message } } } checkpoints { edges { node { step } } } artifacts { path }';

describe('reading', () => {
  it('takes no more database operations for more rows', async () => {
    const runs = (first: number) => `{ runs(first: ${first}) { totalCount edges { node { ${runFields} } } } }`;
    const few = await count(runs(2));
    expect(few).toBeLessThanOrEqual(3);
    expect(await count(runs(30))).toBe(few);
    const experiments = (first: number) => `{ experiments(first: ${first}) { edges { node { name runs(first: 10) { totalCount edges { node { ${runFields} } } } } } } }`;
    expect(await count(experiments(2))).toBe(await count(experiments(1)));
  });

  it.each(['CREATED_AT', 'NAME', 'STATE', 'STARTED_AT', 'FINISHED_AT'])('pages through runs by %s, each once, both ways', async (field) => {
    for (const direction of ['ASC', 'DESC']) {
      const order = `orderBy: { field: ${field}, direction: ${direction} }`;
      const whole = await page(`first: 100, ${order}`);
      expect(new Set(whole.ids).size).toBe(30);
      const forward: string[] = [];
      for (let after = ''; forward.length < 30; ) {
        const { ids, pageInfo } = await page(`first: 7, ${order} ${after}`);
        forward.push(...ids);
        if (!pageInfo.hasNextPage) break;
        after = `after: "${pageInfo.endCursor}"`;
      }
      expect(forward).toEqual(whole.ids);
      const backward: string[] = [];
      for (let before = ''; backward.length < 30; ) {
        const { ids, pageInfo } = await page(`last: 7, ${order} ${before}`);
        backward.unshift(...ids);
        if (!pageInfo.hasPreviousPage) break;
        before = `before: "${pageInfo.startCursor}"`;
      }
      expect(backward).toEqual(whole.ids);
    }
  });

  it('filters by name, state and experiment, and counts what it filters', async () => {
    const { data } = await studio.send('{ experiments(filter: { search: "a" }) { edges { node { id } } } }');
    const { id } = data.experiments.edges[0].node;
    const filtered = await studio.send(`{ runs(filter: { search: "run 3", states: [CANCELLED, FAILED], experimentId: "${id}" }) { totalCount edges { node { name experiment { name } } } } }`);
    expect(filtered.data.runs.totalCount).toBe(filtered.data.runs.edges.length);
    expect(filtered.data.runs.edges.length).toBeGreaterThan(0);
    for (const { node } of filtered.data.runs.edges) expect(node).toEqual({ name: 'Run 3', experiment: { name: 'a' } });
    expect((await studio.send('{ runs(filter: { states: [RUNNING] }) { totalCount } }')).data.runs.totalCount).toBe(0);
    expect((await studio.send('{ runs(filter: { experimentId: "x" }) { totalCount } }')).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });

  it('reads anything again by its id', async () => {
    const { data } = await studio.send('{ runs(first: 1) { edges { node { id experiment { id } checkpoints { edges { node { id } } } } } } }');
    const run = data.runs.edges[0].node;
    const ids = [run.id, run.experiment.id, run.checkpoints.edges[0].node.id, Buffer.from('Run:gone').toString('base64')];
    const again = await studio.send('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids });
    expect(again.data.nodes).toEqual([
      { __typename: 'Run', id: ids[0] },
      { __typename: 'Experiment', id: ids[1] },
      { __typename: 'Checkpoint', id: ids[2] },
      null,
    ]);
  });

  it('reads the log from its end', async () => {
    const { data } = await studio.send('{ runs(first: 1) { edges { node { log(last: 2) { totalCount edges { cursor node { sequence message level } } pageInfo { hasPreviousPage startCursor } } id } } } }');
    const { log, id } = data.runs.edges[0].node;
    expect(log).toMatchObject({ totalCount: 4, pageInfo: { hasPreviousPage: true }, edges: [{ node: { message: 'line 3' } }, { node: { message: 'line 4', level: 'INFO' } }] });
    const earlier = await studio.send('query ($id: ID!, $before: String) { node(id: $id) { ... on Run { log(last: 5, before: $before) { edges { node { message } } } } } }', { id, before: log.pageInfo.startCursor });
    expect(earlier.data.node.log.edges.map((edge: { node: { message: string } }) => edge.node.message)).toEqual(['line 1', 'line 2']);
  });
});

async function page(args: string): Promise<{ ids: string[]; pageInfo: Record<string, unknown> }> {
  const { data, errors } = await studio.send(`{ runs(${args}) { edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`);
  expect(errors).toEqual([]);
  return { ids: data.runs.edges.map((edge: { node: { id: string } }) => edge.node.id), pageInfo: data.runs.pageInfo };
}
