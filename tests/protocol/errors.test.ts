import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

const masked = /^Something went wrong inside the studio\. It was logged as request [0-9a-f-]{36}\.$/;

describe('a bug', () => {
  it('is logged whole, and shown as a request id only', async () => {
    const { metrics } = studio.studio;
    const run = await studio.startRun(1);
    const broken = vi.spyOn(metrics, 'series').mockRejectedValue(new Error('the secret of the disk'));
    const { errors, headers, data } = await studio.send(
      'query ($id: ID!) { node(id: $id) { ... on Run { name series(keys: ["loss"]) { key } } } }',
      { id: run.id },
    );
    broken.mockRestore();
    const requestId = headers.get('x-request-id');
    expect(errors).toMatchObject([
      { message: expect.stringMatching(masked), path: ['node', 'series'], extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } },
    ]);
    expect(JSON.stringify({ errors, data })).not.toContain('secret');
    expect(studio.logged).toContainEqual({
      details: expect.objectContaining({ requestId, error: expect.objectContaining({ message: 'the secret of the disk' }) }),
      message: 'unexpected error',
    });
  });

  it('in a stream ends that subscription alone, with an error', async () => {
    const { streams } = studio.studio;
    const run = await studio.startRun(1);
    const broken = vi.spyOn(streams, 'trainingMetrics').mockImplementation(async function* () {
      yield { cursor: 'x', points: [] };
      throw new Error('the secret of the disk');
    });
    const client = createClient({
      url: `${studio.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
    });
    const results = [];
    for await (const result of client.iterate({
      query: 'subscription ($id: ID!) { trainingMetrics(runId: $id) { cursor } }',
      variables: { id: run.id },
    }))
      results.push(result);
    broken.mockRestore();
    expect(results).toMatchObject([
      { data: { trainingMetrics: { cursor: 'x' } } },
      { errors: [{ message: expect.stringMatching(masked) }] },
    ]);
    // The socket is still good.
    expect((await client.iterate({ query: '{ __typename }' }).next()).value).toMatchObject({ data: { __typename: 'Query' } });
    await client.dispose();
  });
});

describe('a mistake of the caller', () => {
  it('is told as it is', async () => {
    expect((await studio.send('{ nope }')).errors[0]?.message).toContain('Cannot query field "nope"');
    expect((await studio.send('{ runs {')).errors[0]?.message).toContain('Syntax Error');
    expect((await studio.send('{ node(id: "x") { id } }')).errors).toMatchObject([
      { message: expect.stringContaining('Invalid global ID'), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect((await studio.send('{ runs(after: "x") { totalCount } }')).errors).toMatchObject([
      { message: expect.stringContaining('Invalid cursor'), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('over a WebSocket is an error of that operation', async () => {
    const client = createClient({
      url: `${studio.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
    });
    await expect(client.iterate({ query: '{ runs {' }).next()).rejects.toMatchObject([
      { message: expect.stringContaining('Syntax Error') },
    ]);
    await expect(client.iterate({ query: '{ nope }' }).next()).rejects.toMatchObject([
      { message: expect.stringContaining('Cannot query field "nope"') },
    ]);
    expect((await client.iterate({ query: '{ __typename }' }).next()).value).toMatchObject({ data: { __typename: 'Query' } });
    await client.dispose();
  });
});
