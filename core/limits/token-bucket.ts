/** How often something may be done. */
export interface Bucket {
  /** Tokens of a full bucket: how much may come at once. */
  burst: number;
  /** Tokens that come back in a minute. */
  perMinute: number;
}

/** What came of asking for a token. */
export interface Taken {
  isAllowed: boolean;
  /** Tokens of a full bucket. */
  limit: number;
  /** Whole tokens that are left. */
  remaining: number;
  /** Until the bucket is full again. Seconds, whole. */
  resetSeconds: number;
  /** Until the next token; 0 when it was allowed. Seconds, whole. */
  retrySeconds: number;
}

/** Keeps token buckets by key. One token is taken at a time. */
export interface RateLimiter {
  take(key: string, bucket: Bucket): Promise<Taken>;
}

/** Time that a token takes to come back. Milliseconds. */
export const tokenInterval = ({ perMinute }: Bucket): number => 60_000 / perMinute;

/**
 * A token bucket in one number, the time when it will be full (the generic cell rate algorithm, ITU-T I.371): taking a token moves that
 * time back by what the token takes to come again. A bucket that is full needs not be stored.
 * @param fullAt when it will be full, milliseconds since 1970; past or undefined: it is
 * @returns when it will be full once a token is taken; undefined when there is none
 */
export function takeToken(fullAt: number | undefined, bucket: Bucket, now: number): number | undefined {
  const next = Math.max(fullAt ?? now, now) + tokenInterval(bucket);
  return next - now <= bucket.burst * tokenInterval(bucket) ? next : undefined;
}

/** What the asker is told. @param fullAt as it is stored after asking */
export function describeBucket(isAllowed: boolean, fullAt: number, bucket: Bucket, now: number): Taken {
  const interval = tokenInterval(bucket);
  const missing = Math.max(0, fullAt - now);
  return {
    isAllowed,
    limit: bucket.burst,
    remaining: Math.max(0, Math.floor(bucket.burst - missing / interval)),
    resetSeconds: Math.ceil(missing / 1000),
    retrySeconds: isAllowed ? 0 : Math.max(1, Math.ceil((missing - (bucket.burst - 1) * interval) / 1000)),
  };
}
