/**
 * An iteration that stops at once when its reader leaves. A generator that waits for its next value does not hear `return`
 * until that value is there; the signal reaches it.
 */
export function stoppable<T>(open: (signal: AbortSignal) => AsyncIterable<T>): AsyncIterableIterator<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const isStopped = () => signal.aborted;
  const iterator = open(signal)[Symbol.asyncIterator]();
  const done: IteratorReturnResult<undefined> = { done: true, value: undefined };
  return {
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
}
