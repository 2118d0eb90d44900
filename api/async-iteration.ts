/** Calls `onEnd` once, when the iteration ends, fails or is given up by its reader. */
export function whenEnded<T>(source: AsyncIterable<T>, onEnd: () => unknown): AsyncIterableIterator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  const end = () => {
    if (!ended) onEnd();
    ended = true;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = await iterator.next();
        if (result.done) end();
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
    async return() {
      end();
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** Passes each value through `map`; when the source throws, gives `explain(error)` as the last value and ends. */
export function endWithError<T>(source: AsyncIterable<T>, explain: (error: unknown) => T, map: (value: T) => T): AsyncIterableIterator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let failed = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (failed) return { done: true, value: undefined };
      try {
        const result = await iterator.next();
        return result.done ? result : { done: false, value: map(result.value) };
      } catch (error) {
        failed = true;
        return { done: false, value: explain(error) };
      }
    },
    async return() {
      failed = true;
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** Passes each value through `map`. */
export function mapped<T, Result>(source: AsyncIterable<T>, map: (value: T) => Result | Promise<Result>): AsyncIterableIterator<Result> {
  const iterator = source[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await iterator.next();
      return result.done ? result : { done: false, value: await map(result.value) };
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}
