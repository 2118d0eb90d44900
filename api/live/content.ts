import type { ExecutionResult } from 'graphql';

const contents = new WeakMap<ExecutionResult, Content>();

/** A result of a subscription, executed once and written once for all its readers. */
export class Content {
  readonly result: ExecutionResult;
  /** Goes on behind it; undefined where a stream cannot be resumed. */
  readonly cursor: string | undefined;
  /** JSON, UTF-8. */
  readonly payload: Buffer;
  #event: Buffer | undefined;

  constructor(result: ExecutionResult, cursor: string | undefined) {
    this.result = result;
    this.cursor = cursor;
    this.payload = Buffer.from(JSON.stringify(result));
    contents.set(result, this);
  }

  /** As a server-sent event, with the cursor as its id. */
  get event(): Buffer {
    const id = this.cursor === undefined ? '' : `id: ${this.cursor}\n`;
    return (this.#event ??= Buffer.concat([Buffer.from(`${id}event: next\ndata: `), this.payload, Buffer.from('\n\n')]));
  }
}

/** The written form of a result, where there is one. */
export const contentOf = (result: ExecutionResult): Content | undefined => contents.get(result);

/** Takes a message to a reader, and calls `taken` when it is ready for the next one. */
export type Sink = (content: Content, taken: () => void) => void;
