import type { Json } from '../kit/plugin.ts';
import { streamWindow } from './messages.ts';
import type { CallOptions } from './types.ts';

/** A call that a plugin has been sent: what came back, and who waits for it. */
export class Call {
  readonly id: number;
  readonly method: string;
  readonly isStream: boolean;
  readonly options: CallOptions;
  readonly #values: Json[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;
  #problem: Error | undefined;
  #untold = 0;

  constructor(id: number, method: string, isStream: boolean, options: CallOptions) {
    this.id = id;
    this.method = method;
    this.isStream = isStream;
    this.options = options;
  }

  /** Whether nobody waits for it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** False: more pieces came than were asked for. */
  add(value: Json): boolean {
    this.#values.push(value);
    this.#wake?.();
    return this.#values.length + this.#untold <= streamWindow;
  }

  /** What has come is given first, then the problem. */
  end(problem?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#problem = problem;
    this.#wake?.();
  }

  /** Nothing more is given: the caller has left or been told. */
  drop(problem: Error): void {
    this.#values.length = 0;
    this.end(problem);
  }

  /**
   * The next value; undefined after the last.
   * @param onLate called when it does not come in time; has to end the call
   * @param take called now and then with the number of pieces that were taken
   */
  async next(seconds: number, onLate: () => void, take: (pieces: number) => void): Promise<Json | undefined> {
    if (this.#values.length === 0 && !this.#isOver) {
      const timer = setTimeout(onLate, seconds * 1000);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      clearTimeout(timer);
      this.#wake = undefined;
    }
    const value = this.#values.shift();
    if (value !== undefined) {
      this.#untold += 1;
      if (this.#untold >= streamWindow / 2 && !this.#isOver) {
        take(this.#untold);
        this.#untold = 0;
      }
      return value;
    }
    if (this.#problem !== undefined) throw this.#problem;
    return undefined;
  }
}
