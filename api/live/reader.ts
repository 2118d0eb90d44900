import type { ExecutionResult } from 'graphql';
import type { Content, Sink } from './content.ts';
import type { Message, SharedOperation } from './shared-operation.ts';

const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * One reader of a shared operation, with a position of its own. Iterated, it gives result after result. With a sink the first
 * `next` lets messages flow there, each when the one before was taken, and ends with the stream.
 */
export class Reader implements AsyncIterableIterator<ExecutionResult> {
  /** What it was given last ends here; undefined until the live end, where it begins, is known. */
  position: number | undefined;
  /** Whether it waits for a message. */
  isReady = false;
  /** Whether it reads the database by itself. */
  isBehind = false;
  /** What it has read by itself and was not given yet: at most a page. */
  readonly own: Message[] = [];
  readonly #operation: SharedOperation;
  readonly #sink: Sink | undefined;
  #waiting: { resolve: (result: IteratorResult<ExecutionResult, undefined>) => void; reject: (error: Error) => void } | undefined;
  #hasEnded = false;
  #error: Error | undefined;

  /** @param position of the last message that it has; left out: it begins at the live end. */
  constructor(operation: SharedOperation, position: number | undefined, sink?: Sink) {
    this.#operation = operation;
    this.position = position;
    this.#sink = sink;
  }

  give(content: Content): void {
    this.isReady = false;
    if (this.#sink) return this.#sink(content, this.#taken);
    this.#waiting?.resolve({ done: false, value: content.result });
    this.#waiting = undefined;
  }

  readonly #taken = (): void => {
    this.isReady = true;
    this.#operation.supply(this);
  };

  /** Nothing will come any more. */
  end(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (!this.#waiting) this.#error = error;
    else if (error) this.#waiting.reject(error);
    else this.#waiting.resolve(done);
    this.#waiting = undefined;
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error;
    if (this.#hasEnded) return done;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#taken();
    });
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#operation.leave(this);
    this.end();
    return done;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
