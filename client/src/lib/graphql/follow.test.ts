import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { buildSchema, execute, parse, subscribe, validate } from 'graphql';
import type { TadaDocumentNode } from 'gql.tada';
import type { Client } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { follow } from './follow.ts';
import { openSocket, type ConnectionState } from './socket.ts';

const schema = buildSchema('type Query { a: Int } type Subscription { count(after: Int!): Int! }');
const document: TadaDocumentNode<{ count: number }, { after: number }> = Object.assign(
  parse('subscription Count($after: Int!) { count(after: $after) }'),
);

/** Counts from `after` to `end`; `fail` names the numbers at which it throws, once each. */
class CountingServer {
  readonly starts: number[] = [];
  readonly #fail: Set<number>;
  readonly #end: number;
  #http: Server | undefined;
  #sockets: WebSocketServer | undefined;
  port = 0;

  constructor(end: number, fail: number[] = []) {
    this.#end = end;
    this.#fail = new Set(fail);
  }

  async open(): Promise<void> {
    const { starts } = this;
    const failing = this.#fail;
    const end = this.#end;
    const http = createServer();
    const sockets = new WebSocketServer({ server: http });
    async function* count({ after }: { after: number }) {
      starts.push(after);
      for (let number = after + 1; number <= end; number += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        if (failing.delete(number)) throw new Error(`stumbled at ${number}`);
        yield { count: number };
      }
    }
    useServer({ schema, roots: { subscription: { count } }, validate, execute, subscribe }, sockets);
    http.listen(this.port, '127.0.0.1');
    await once(http, 'listening');
    const address = http.address();
    if (typeof address === 'object' && address) this.port = address.port;
    this.#http = http;
    this.#sockets = sockets;
  }

  cut(): void {
    for (const socket of this.#sockets?.clients ?? []) socket.terminate();
  }

  async close(): Promise<void> {
    this.cut();
    const http = this.#http;
    if (!http?.listening) return;
    http.close();
    await once(http, 'close');
  }
}

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function start(server: CountingServer): Promise<{ client: Client; states: ConnectionState[] }> {
  await server.open();
  cleanup.push(() => server.close());
  const states: ConnectionState[] = [];
  const client = openSocket({ url: `ws://127.0.0.1:${server.port}`, changed: (state) => states.push(state), webSocketImpl: WebSocket });
  cleanup.push(() => client.dispose());
  return { client, states };
}

/** Follows to the end and answers everything that arrived; `seen` is told each number. */
function collect(client: Client, seen: (number: number) => void = () => {}): Promise<{ numbers: number[]; problems: string[] }> {
  const numbers: number[] = [];
  const problems: string[] = [];
  return new Promise((resolve) => {
    const stop = follow(client, {
      document,
      variables: () => ({ after: numbers.at(-1) ?? 0 }),
      next: ({ count }) => {
        numbers.push(count);
        seen(count);
      },
      failed: (problem) => problems.push(problem),
      ended: () => {
        resolve({ numbers, problems });
        return false;
      },
    });
    cleanup.push(stop);
  });
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index + 1);

it('goes on from the last cursor when the connection is cut, without gap or duplicate', async () => {
  const server = new CountingServer(300);
  const { client, states } = await start(server);
  const { numbers } = await collect(client, (number) => {
    if (number === 40 || number === 130) server.cut();
  });
  expect(numbers).toEqual(upTo(300));
  expect(server.starts.length).toBe(3);
  expect(server.starts[1]).toBeGreaterThanOrEqual(40);
  expect(states.filter((state) => state === 'live').length).toBe(3);
  expect(states).toContain('reconnecting');
});

it('waits for a server that is gone, and goes on when it is back', async () => {
  const server = new CountingServer(100);
  const { client } = await start(server);
  const { numbers } = await collect(client, (number) => {
    if (number !== 50) return;
    void server.close().then(() => server.open());
  });
  expect(numbers).toEqual(upTo(100));
});

it('asks again where it was when the server refuses', async () => {
  const server = new CountingServer(20, [7]);
  const { client } = await start(server);
  const { numbers, problems } = await collect(client);
  expect(numbers).toEqual(upTo(20));
  expect(problems.length).toBe(1);
});

it('asks again where it was when the server ended but more may come', async () => {
  const server = new CountingServer(10);
  const { client } = await start(server);
  let ends = 0;
  await new Promise<void>((resolve) => {
    const stop = follow(client, {
      document,
      variables: () => ({ after: 10 }),
      next: () => {},
      ended: () => {
        ends += 1;
        if (ends === 2) resolve();
        return ends < 2;
      },
    });
    cleanup.push(stop);
  });
  expect(server.starts).toEqual([10, 10]);
});

it('says nothing more once it is stopped', async () => {
  const server = new CountingServer(1_000);
  const { client } = await start(server);
  const numbers: number[] = [];
  await new Promise<void>((resolve) => {
    const stop = follow(client, {
      document,
      variables: () => ({ after: 0 }),
      next: ({ count }) => {
        numbers.push(count);
        if (count === 3) {
          stop();
          resolve();
        }
      },
    });
  });
  const other = await collect(client);
  expect(other.numbers.length).toBe(1_000);
  expect(numbers).toEqual([1, 2, 3]);
});
