import { setTimeout } from 'node:timers/promises';
import { Session } from './session.ts';

export interface LeaderOptions {
  /** This server is the one now. */
  onGain: () => void;
  /** It is not any more: the connection that held the lock is gone, and another may be the one already. */
  onLoss: () => void;
  log: (message: string) => void;
}

/** "anneal", as two numbers of 32 bits: nobody else's lock. */
const lock = '1634627169, 27756';
/** How soon another server takes over. Milliseconds. */
const interval = 500;

/** Of all servers on one PostgreSQL database one holds this lock; when it dies, or loses its connection, another one gets it. */
export class Leader {
  readonly #session: Session;
  readonly #closing = new AbortController();

  constructor(url: string, { onGain, onLoss, log }: LeaderOptions) {
    const { signal } = this.#closing;
    this.#session = new Session(url, {
      onOpen: async (client) => {
        // Asking now and then rather than waiting in one long statement, which would keep the server from cleaning up.
        while (!signal.aborted) {
          const { rows } = await client.query<{ got: boolean }>(`SELECT pg_try_advisory_lock(${lock}) AS "got"`);
          if (rows[0]?.got) return;
          await setTimeout(interval, undefined, { signal }).catch(() => undefined);
        }
      },
      onReady: onGain,
      onLost: onLoss,
      log,
    });
  }

  /** Lets go of the lock at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#session.close();
  }
}
