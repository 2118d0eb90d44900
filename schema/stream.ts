import { Live } from '@anneal/core';

/** Extension of a type that shows the same to everybody who may see it: one answer does for all readers of a subscription. */
export const sameForAll = { isSameForAll: true };

/**
 * An iteration that stops at once when its reader leaves. A generator that waits for its next value does not hear `return`
 * until that value is there; the signal reaches it. A live stream stays what it is: the server follows it once for all its readers.
 */
export function stoppable<T>(open: (signal: AbortSignal) => AsyncIterable<T>): AsyncIterable<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const isStopped = () => signal.aborted;
  const stream = open(signal);
  if (stream instanceof Live) return stream;
  const iterator = stream[Symbol.asyncIterator]();
  const done: IteratorReturnResult<undefined> = { done: true, value: undefined };
  const stopping: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (isStopped()) return done;
      try {
        return await iterator.next();
      } catch (error) {
        if (isStopped()) return done;
        throw error;
      }
    },
    async return() {
      controller.abort();
      void iterator.return?.().catch(() => undefined);
      return done;
    },
  };
  return stopping;
}
