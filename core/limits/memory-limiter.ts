import { type Bucket, describeBucket, type RateLimiter, type Taken, takeToken } from './token-bucket.ts';

/** Full buckets are thrown away when there are so many. */
const mostBuckets = 10_000;

/** Token buckets in the memory of this server. */
export class MemoryLimiter implements RateLimiter {
  readonly #fullAt = new Map<string, number>();
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async take(key: string, bucket: Bucket): Promise<Taken> {
    const now = this.#now();
    const before = this.#fullAt.get(key);
    const after = takeToken(before, bucket, now);
    if (after !== undefined) {
      if (this.#fullAt.size >= mostBuckets) this.#removeFull(now);
      this.#fullAt.set(key, after);
    }
    return describeBucket(after !== undefined, after ?? before ?? now, bucket, now);
  }

  #removeFull(now: number): void {
    for (const [key, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(key);
  }
}
