import { performance } from 'node:perf_hooks';

/** How much may come in a time: so much a second, and so much at once after a quiet time. */
export class Budget {
  readonly #perSecond: number;
  readonly #atOnce: number;
  #left: number;
  #last = performance.now();

  constructor(perSecond: number, atOnce: number) {
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
    this.#left = atOnce;
  }

  /** Takes an amount; false where there is not enough left, and then takes nothing. */
  take(amount: number): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#atOnce, this.#left + ((now - this.#last) / 1000) * this.#perSecond);
    this.#last = now;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}
