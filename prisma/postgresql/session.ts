import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { reasonOf } from './failures.ts';
import { backOff } from './patience.ts';
import { readPostgresqlUrl, withoutLimits } from './url.ts';

export interface SessionOptions {
  /** A connection is there. When this throws, or the connection breaks meanwhile, another one is made. */
  onOpen: (client: pg.Client) => Promise<void>;
  /** All that was to be done with a new connection is done, and `client` is that connection. */
  onReady: () => void;
  /** A connection that was ready is gone. Not called when the session is closed. */
  onLost: () => void;
  /** Told of what goes wrong. */
  log: (message: string) => void;
}

/** A connection that breaks without a word is noticed after this time and the next. Milliseconds. */
const probeInterval = 5000;
const probeLimit = 5000;
/** How long the server may take to say goodbye. Milliseconds. */
const farewell = 1000;

/** A connection of its own, made again whenever it is lost: for what lives as long as its connection, as locks and listening do. */
export class Session {
  readonly #options: SessionOptions;
  readonly #config: pg.ClientConfig;
  readonly #label: string;
  readonly #closing = new AbortController();
  readonly #going: Promise<void>;
  #client: pg.Client | undefined;

  /** @throws DatabaseError `URL_UNSUPPORTED` */
  constructor(url: string, options: SessionOptions) {
    const { client, label } = readPostgresqlUrl(url);
    this.#config = withoutLimits(client);
    this.#label = label;
    this.#options = options;
    this.#going = this.#run();
  }

  /** The connection, while there is one. */
  get client(): pg.Client | undefined {
    return this.#client;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#going;
  }

  async #run(): Promise<void> {
    const isClosing = () => this.#closing.signal.aborted;
    for (let attempt = 0; !isClosing(); attempt++) {
      const wasReady = await this.#connect();
      if (isClosing()) return;
      if (wasReady) {
        attempt = 0;
        this.#options.onLost();
      }
      await waitFor(backOff(attempt), this.#closing.signal);
    }
  }

  /** One connection, from its beginning to its end. @returns whether it was ready */
  async #connect(): Promise<boolean> {
    const { signal } = this.#closing;
    const client = new pg.Client(this.#config);
    const lost = new AbortController();
    client.on('error', () => lost.abort()).on('end', () => lost.abort());
    try {
      await client.connect();
      await this.#options.onOpen(client);
      this.#client = client;
      if (!signal.aborted) this.#options.onReady();
      await stay(client, AbortSignal.any([signal, lost.signal]));
      if (!signal.aborted) this.#options.log(`A connection to ${this.#label} was lost; it is made again.`);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#options.log(`A connection to ${this.#label} failed (${reasonOf(error)}); it is made again.`);
      return false;
    } finally {
      this.#client = undefined;
      await Promise.race([client.end().catch(() => undefined), waitFor(farewell)]);
    }
  }
}

/** Ends when the connection does, or with the signal. */
async function stay(client: pg.Client, signal: AbortSignal): Promise<void> {
  const answers = () =>
    client.query('SELECT 1').then(
      () => true,
      () => false,
    );
  do await waitFor(probeInterval, signal);
  while (!signal.aborted && (await Promise.race([answers(), waitFor(probeLimit, signal)])));
}

/** @returns false, after some milliseconds or with the signal */
const waitFor = (milliseconds: number, signal?: AbortSignal): Promise<false> =>
  setTimeout<false>(milliseconds, false, { signal }).catch(() => false);
