import type { PrismaClient } from '@anneal/prisma';
import { type Bucket, describeBucket, type RateLimiter, type Taken, tokenInterval } from './token-bucket.ts';

/** Full buckets are thrown away every so many tokens. */
const sweepEvery = 10_000;

/** Token buckets that several servers share, through the database. One statement a token. */
export class DatabaseLimiter implements RateLimiter {
  readonly #prisma: PrismaClient;
  readonly #now: () => number;
  #untilSweep = sweepEvery;

  /** @param now milliseconds since 1970; the clocks of the servers should agree to a second or so */
  constructor(prisma: PrismaClient, now: () => number = Date.now) {
    this.#prisma = prisma;
    this.#now = now;
  }

  async take(key: string, bucket: Bucket): Promise<Taken> {
    const now = this.#now();
    const interval = tokenInterval(bucket);
    await this.#sweep(now);
    // takeToken as one statement: no two servers take the same token.
    const taken = await this.#prisma.$queryRaw<{ fullAt: number }[]>`
      INSERT INTO "RateBucket" ("key", "fullAt") VALUES (${key}, ${now + interval})
      ON CONFLICT ("key") DO UPDATE
        SET "fullAt" = CASE WHEN "RateBucket"."fullAt" > ${now} THEN "RateBucket"."fullAt" + ${interval} ELSE ${now + interval} END
        WHERE "RateBucket"."fullAt" <= ${now + (bucket.burst - 1) * interval}
      RETURNING "fullAt"`;
    const [row] = taken;
    if (row) return describeBucket(true, row.fullAt, bucket, now);
    const full = await this.#prisma.rateBucket.findUnique({ where: { key } });
    return describeBucket(false, full?.fullAt ?? now, bucket, now);
  }

  async #sweep(now: number): Promise<void> {
    if (--this.#untilSweep > 0) return;
    this.#untilSweep = sweepEvery;
    await this.#prisma.rateBucket.deleteMany({ where: { fullAt: { lte: now } } });
  }
}
