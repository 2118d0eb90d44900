/** How failures that follow one another are answered: some starts at once, then pauses that double. */
export interface BackOffOptions {
  /** Failures in a row that are followed by no pause. */
  free: number;
  firstSeconds: number;
  mostSeconds: number;
  /** A process that ran so long before it failed begins a new row. Seconds. */
  healthySeconds: number;
}

export const usualBackOff: BackOffOptions = { free: 2, firstSeconds: 1, mostSeconds: 60, healthySeconds: 30 };

/** Failures in a row, and until when no process is started after them. */
export class BackOff {
  readonly #options: BackOffOptions;
  #inARow = 0;
  #retryAt: Date | null = null;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** Null: it may be started now. */
  get retryAt(): Date | null {
    return this.#retryAt !== null && this.#retryAt.getTime() > Date.now() ? this.#retryAt : null;
  }

  /** @param ranSeconds for which the process had been ready; 0: never */
  failed(ranSeconds: number): void {
    const { free, firstSeconds, mostSeconds, healthySeconds } = this.#options;
    this.#inARow = ranSeconds >= healthySeconds ? 1 : this.#inARow + 1;
    const pause = this.#inARow <= free ? 0 : Math.min(mostSeconds, firstSeconds * 2 ** (this.#inARow - free - 1));
    this.#retryAt = pause === 0 ? null : new Date(Date.now() + pause * 1000);
  }

  /** Somebody has looked after it: it may be started at once. */
  forget(): void {
    this.#inARow = 0;
    this.#retryAt = null;
  }
}
