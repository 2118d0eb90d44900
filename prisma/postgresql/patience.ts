import { setTimeout } from 'node:timers/promises';

export interface Patience {
  /** How long it is tried again, in seconds from now on. */
  seconds: number;
  /** Whether another try may help. */
  isWorthIt: (error: unknown) => boolean;
  /** Told before each wait. `wait`: seconds. */
  onRetry?: (error: unknown, wait: number) => void;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

const first = 100;
const longest = 5000;

/**
 * How long to wait after a failed try, in milliseconds: twice as long each time, up to five seconds, and somewhere between half and
 * all of it, so that many that failed at once do not come back at once.
 * @param attempt from 0
 */
export const backOff = (attempt: number): number => Math.min(longest, first * 2 ** attempt) * (0.5 + Math.random() / 2);

/** Does something again until it works, cannot work, or took too long; then throws the last error. */
export async function patiently<T>(work: () => Promise<T>, { seconds, isWorthIt, onRetry, signal }: Patience): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const wait = backOff(attempt);
      if (signal?.aborted || !isWorthIt(error) || performance.now() + wait > end) throw error;
      onRetry?.(error, wait / 1000);
      await setTimeout(wait, undefined, { signal }).catch(() => undefined);
    }
  }
}
