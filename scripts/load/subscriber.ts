import { WebSocket } from 'ws';
import { z } from 'zod';
import { count, type Histogram } from './histogram.ts';

/** Steady: reads as fast as it can. Restless: connects again every second. Stalled: does not read for the middle third of the time. */
export type Manner = 'steady' | 'restless' | 'stalled';

export interface SubscriberOptions {
  url: string;
  runId: string;
  manner: Manner;
  points: number;
  seconds: number;
  /** From the time in the journal to here. */
  latency?: Histogram;
}

const query =
  'subscription ($runId: ID!, $after: String) { trainingMetrics(runId: $runId, keys: ["loss"], after: $after) { cursor points { step time } } }';

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connection_ack') }),
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('complete') }),
  z.object({ type: z.literal('error'), payload: z.unknown() }),
  z.object({
    type: z.literal('next'),
    payload: z.object({
      data: z.object({
        trainingMetrics: z.object({ cursor: z.string(), points: z.array(z.object({ step: z.int(), time: z.string() })) }),
      }),
    }),
  }),
]);

/** A bare WebSocket that speaks `graphql-transport-ws`, and checks that every point comes once and in order. */
export class Subscriber {
  readonly counts = { points: 0, duplicates: 0, gaps: 0, cut: 0, connections: 0 };
  /** Resolves when it was told the end. */
  readonly done: Promise<void>;
  readonly #options: SubscriberOptions;
  readonly #id = crypto.randomUUID();
  #resolve: () => void = () => undefined;
  #socket: WebSocket | undefined;
  #cursor: string | undefined;
  #lastStep = 0;
  #isDone = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Whether it has every point once. */
  get isComplete(): boolean {
    return this.#isDone && this.#lastStep === this.#options.points && this.counts.duplicates === 0 && this.counts.gaps === 0;
  }

  /** Ends when it has subscribed. */
  connect(): Promise<void> {
    const socket = new WebSocket(this.#options.url, 'graphql-transport-ws', { perMessageDeflate: false, skipUTF8Validation: true });
    this.#socket = socket;
    this.counts.connections++;
    return new Promise((resolve, reject) => {
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data: Buffer) => {
        if (this.#receive(socket, data.toString())) resolve();
      });
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error('The connection was closed.'));
        if (this.#socket === socket && !this.#isDone) this.#connectAgain();
      });
    });
  }

  /** Begins to behave as it should, once points are written. */
  misbehave(): void {
    const { manner, seconds } = this.#options;
    if (manner === 'restless') this.#timer = setInterval(() => this.#socket?.close(), 1000);
    if (manner === 'stalled') {
      const third = (seconds * 1000) / 3;
      this.#timer = setTimeout(() => {
        const socket = this.#socket;
        socket?.pause();
        this.#timer = setTimeout(() => socket?.resume(), third);
      }, third);
    }
  }

  #connectAgain(): void {
    if (this.#options.manner === 'steady') this.counts.cut++;
    this.connect().catch(() => undefined);
  }

  /** @returns whether it has subscribed now. */
  #receive(socket: WebSocket, text: string): boolean {
    const message = messageSchema.parse(JSON.parse(text));
    // What was on its way while this one was closed, the end too, comes again on the next connection.
    if (this.#socket !== socket || socket.readyState !== WebSocket.OPEN) return false;
    switch (message.type) {
      case 'connection_ack': {
        const payload = { query, variables: { runId: this.#options.runId, after: this.#cursor } };
        socket.send(JSON.stringify({ id: this.#id, type: 'subscribe', payload }));
        return true;
      }
      case 'ping':
        socket.send('{"type":"pong"}');
        return false;
      case 'next': {
        const { cursor, points } = message.payload.data.trainingMetrics;
        this.#cursor = cursor;
        for (const point of points) this.#check(point);
        return false;
      }
      case 'error':
        throw new Error(`The subscription was refused: ${JSON.stringify(message.payload)}`);
      case 'complete':
        this.#isDone = true;
        clearTimeout(this.#timer);
        socket.close();
        this.#resolve();
        return false;
    }
  }

  #check({ step, time }: { step: number; time: string }): void {
    const { latency } = this.#options;
    this.counts.points++;
    if (step <= this.#lastStep) this.counts.duplicates++;
    else this.counts.gaps += step - this.#lastStep - 1;
    this.#lastStep = Math.max(step, this.#lastStep);
    if (latency) count(latency, Date.now() - Date.parse(time));
  }
}
