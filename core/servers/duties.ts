import { isShared, Leader } from '@anneal/prisma';
import type { Logger } from '../logger.ts';

/** What exactly one of all servers on a database does at a time. */
export interface Duty {
  /** Begins, also again after `stop`. */
  start(): Promise<void>;
  /** Ends; what is under way is waited for. */
  stop(): Promise<void>;
}

/**
 * Gives the duties to one server: to the only one there is, or, when several share a PostgreSQL database, to the one that holds a
 * lock there. It loses it with its connection, and another one takes over within seconds. For a moment both may be at work, so
 * duties keep to transactions that stay right then.
 */
export class Duties {
  readonly #duties: readonly Duty[];
  readonly #logger: Logger;
  #leader: Leader | undefined;
  #isOn = false;
  /** Changes come one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor(duties: readonly Duty[], logger: Logger) {
    this.#duties = duties;
    this.#logger = logger;
  }

  /** @returns when the duties are begun, or another server may have them. */
  async start(databaseUrl: string): Promise<void> {
    if (!isShared(databaseUrl)) return this.#change(true);
    this.#leader = new Leader(databaseUrl, {
      onGain: () => void this.#change(true),
      onLoss: () => void this.#change(false),
      log: (message) => this.#logger.warn(message),
    });
  }

  async close(): Promise<void> {
    await this.#change(false);
    // After that: whoever comes next finds everything left in order.
    await this.#leader?.close();
    await this.#change(false);
  }

  #change(on: boolean): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      if (this.#isOn === on) return;
      this.#isOn = on;
      for (const duty of this.#duties) {
        await (on ? duty.start() : duty.stop()).catch((error: unknown) =>
          this.#logger.error({ error }, 'a duty could not be begun or ended'),
        );
      }
    });
    return this.#changing;
  }
}
