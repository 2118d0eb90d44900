import type { Logger } from '../logger.ts';
import type { Duty } from './duties.ts';

/** Between two looks. Milliseconds. */
const interval = 60 * 60 * 1000;

/** A duty that is done when it begins and once an hour, never twice at a time. What goes wrong is logged, and tried again. */
export abstract class HourlyDuty implements Duty {
  readonly #logger: Logger;
  readonly #trouble: string;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<unknown> | undefined;
  #isStopped = false;

  /** @param trouble what the log says when it goes wrong */
  constructor(logger: Logger, trouble: string) {
    this.#logger = logger;
    this.#trouble = trouble;
  }

  /** Does what there is to do. It looks at `isStopped` between its pieces. */
  abstract sweep(): Promise<unknown>;

  /** Whether it is to leave the rest for another time. */
  protected get isStopped(): boolean {
    return this.#isStopped;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    const look = () => {
      this.#working ??= this.sweep()
        .catch((error: unknown) => this.#logger.error({ error }, this.#trouble))
        .finally(() => (this.#working = undefined));
    };
    this.#timer = setInterval(look, interval).unref();
    look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#working;
  }
}
