import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { afterEach, describe, expect, it } from 'vitest';
import { endlessMetrics, openStudio, settled, type TestStudio } from './test-studio.ts';

let studio: TestStudio | undefined;
afterEach(async () => {
  await studio?.close();
  studio = undefined;
});

const socketUrl = ({ url }: TestStudio) => `${url.replace('http', 'ws')}/graphql`;

/** A socket without a client library: what arrives is read when the test says so. */
async function rawSocket(opened: TestStudio): Promise<WebSocket> {
  const socket = new WebSocket(socketUrl(opened), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  return socket;
}

const subscribe = (socket: WebSocket, id: string, query: string) =>
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }));

/** `once` of node:events knows no types of what comes with an event. */
const nextRefusal = (socket: WebSocket) =>
  new Promise<[ClientRequest, IncomingMessage]>((resolve) => socket.once('unexpected-response', (...refusal) => resolve(refusal)));

describe('a WebSocket', () => {
  it('that does not read is not buffered for: the stream behind it waits', async () => {
    studio = await openStudio();
    const metrics = endlessMetrics(studio);
    const run = await studio.startRun(1);
    const socket = await rawSocket(studio);
    socket.pause();
    subscribe(socket, 'a', `subscription { trainingMetrics(runId: "${run.id}") { points { key } } }`);
    await expect.poll(metrics.given).toBeGreaterThan(0);
    await settled(metrics.given);
    // What the operating system takes, and one more.
    expect(metrics.given()).toBeLessThan(20);
    const before = metrics.given();
    socket.resume();
    await expect.poll(metrics.given).toBeGreaterThan(before + 5);
    socket.terminate();
    await settled(metrics.given);
    metrics.restore();
  });

  it('may run only so many operations', async () => {
    studio = await openStudio({ limits: { operationsPerSocket: 2 } });
    const socket = await rawSocket(studio);
    const messages: unknown[] = [];
    socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
    for (const id of ['a', 'b', 'c']) subscribe(socket, id, 'subscription { runs { id } }');
    await expect
      .poll(() => messages)
      .toMatchObject([
        {
          id: 'c',
          type: 'error',
          payload: [{ message: expect.stringContaining('2 operations'), extensions: { code: 'SUBSCRIPTION_LIMIT' } }],
        },
      ]);
    socket.terminate();
  });

  it('is refused when there are too many', async () => {
    studio = await openStudio({ limits: { sockets: 1 } });
    const first = await rawSocket(studio);
    const second = new WebSocket(socketUrl(studio), 'graphql-transport-ws');
    const [, response]: [ClientRequest, IncomingMessage] = await nextRefusal(second);
    expect(response.statusCode).toBe(503);
    response.destroy();
    first.terminate();
  });

  it('is closed by a message that is too large', async () => {
    studio = await openStudio({ limits: { bodyBytes: 1000 } });
    const socket = await rawSocket(studio);
    subscribe(socket, 'a', 'x'.repeat(2000));
    const [code] = await once(socket, 'close');
    expect(code).toBe(1009);
  });

  it('makes room for others when it is closed', async () => {
    studio = await openStudio({ limits: { subscriptions: 1 } });
    const follow = (client: ReturnType<typeof createClient>) => client.iterate({ query: 'subscription { runs { id } }' }).next();
    const url = socketUrl(studio);
    const connect = () => createClient({ url, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0 });
    const [first, second] = [connect(), connect()] as const;
    const pending = follow(first).catch(() => undefined);
    await expect
      .poll(async () => (await Promise.race([follow(second), new Promise((resolve) => setTimeout(resolve, 100, {}))])) as object)
      .toMatchObject({
        value: { errors: [{ extensions: { code: 'SUBSCRIPTION_LIMIT' } }] },
      });
    await first.dispose();
    await pending;
    const late = follow(second);
    const run = await studio.startRun(1);
    expect((await late).value).toMatchObject({ data: { runs: { id: run.id } } });
    await second.dispose();
  });

  it('is told to come back when the server restarts', async () => {
    studio = await openStudio();
    const socket = await rawSocket(studio);
    const closed = once(socket, 'close');
    await studio.close();
    studio = undefined;
    const [code] = await closed;
    expect(code).toBe(1012);
  });
});
