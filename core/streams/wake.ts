/** A bell: rung any number of times, it wakes whoever waits once. A ring while nobody waits is kept. */
export class Wake {
  #isRung = false;
  #resolve: (() => void) | undefined;

  readonly ring = (): void => {
    this.#isRung = true;
    this.#resolve?.();
  };

  /** Forgets the rings so far. */
  reset(): void {
    this.#isRung = false;
  }

  /** Ends at the next ring, or with the signal. */
  async wait(signal?: AbortSignal): Promise<void> {
    if (this.#isRung || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      signal?.addEventListener('abort', this.ring, { once: true });
    });
    signal?.removeEventListener('abort', this.ring);
    this.#resolve = undefined;
  }
}

/** Waits for some milliseconds, less when the signal comes first. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
  });
}

/** What a promise gives; null when the signal comes first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  let value: T | null = null;
  await orAborted(
    promise.then((settled) => void (value = settled)),
    signal,
  );
  return value;
}

/** Waits for a promise, less when the signal comes first. */
export function orAborted(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      signal?.removeEventListener('abort', end);
      resolve();
    };
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    promise.then(end, (error: unknown) => {
      signal?.removeEventListener('abort', end);
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
