import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { Client } from './client.ts';

const query =
  'subscription ($id: ID!, $after: String) { trainingMetrics(runId: $id, keys: ["loss"], after: $after) { cursor points { step value } } }';
const batch = z.object({ cursor: z.string(), points: z.array(z.object({ step: z.int(), value: z.number() })) });
const message = z.object({
  type: z.string(),
  payload: z
    .object({ data: z.object({ trainingMetrics: batch }) })
    .optional()
    .catch(undefined),
});

/** Follows a run to its end, and comes back with its cursor, to whichever server is up, when it is cut off. */
export class Follower {
  readonly runId: string;
  readonly seen: { step: number; value: number }[] = [];
  connections = 0;
  /** Ends when it was told the end, or is closed. */
  readonly done: Promise<void>;
  readonly #client: Client;
  readonly #closing = new AbortController();
  #cursor: string | undefined;
  #isComplete = false;

  constructor(runId: string, client: Client) {
    this.runId = runId;
    this.#client = client;
    this.done = this.#follow();
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  close(): void {
    this.#closing.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!this.isComplete && !signal.aborted) {
      const url = this.#client.anyUrl();
      if (url !== undefined) await this.#connect(url.replace('http', 'ws'), signal);
      await setTimeout(50, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Ends with the connection. */
  #connect(url: string, signal: AbortSignal): Promise<void> {
    const socket = new WebSocket(url, 'graphql-transport-ws', { handshakeTimeout: 5000 });
    this.connections++;
    const stop = () => socket.terminate();
    signal.addEventListener('abort', stop);
    return new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data: Buffer) => {
        const { type, payload } = message.parse(JSON.parse(data.toString()));
        if (type === 'connection_ack')
          socket.send(
            JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { id: this.runId, after: this.#cursor } } }),
          );
        if (type === 'next' && payload) {
          this.#cursor = payload.data.trainingMetrics.cursor;
          this.seen.push(...payload.data.trainingMetrics.points);
        } else if (type === 'complete') {
          this.#isComplete = true;
          socket.close();
        } else if (type === 'next' || type === 'error') socket.close();
      });
    });
  }
}
