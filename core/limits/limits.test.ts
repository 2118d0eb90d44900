import { openDatabase, type PrismaClient } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, temporaryFolder } from '../testing/studio.ts';
import { DatabaseLimiter } from './database-limiter.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import type { RateLimiter } from './token-bucket.ts';

const folder = temporaryFolder();
let prisma: PrismaClient;
let time = Date.now();
const now = () => time;
beforeAll(async () => {
  prisma = await openDatabase(await testDatabase(folder));
});
afterAll(async () => {
  await prisma.$disconnect();
  cleanUp(folder);
});

const bucket = { burst: 3, perMinute: 6 };
let nextKey = 0;

describe.each<[string, () => RateLimiter]>([
  ['in memory', () => new MemoryLimiter(now)],
  ['in the database', () => new DatabaseLimiter(prisma, now)],
])('a token bucket %s', (_name, make) => {
  it('gives a burst, then one token each time one has come back', async () => {
    const limiter = make();
    const key = `key ${nextKey++}`;
    expect(await limiter.take(key, bucket)).toEqual({ isAllowed: true, limit: 3, remaining: 2, resetSeconds: 10, retrySeconds: 0 });
    await limiter.take(key, bucket);
    expect(await limiter.take(key, bucket)).toMatchObject({ isAllowed: true, remaining: 0, resetSeconds: 30 });
    expect(await limiter.take(key, bucket)).toEqual({ isAllowed: false, limit: 3, remaining: 0, resetSeconds: 30, retrySeconds: 10 });
    time += 9_999;
    expect(await limiter.take(key, bucket)).toMatchObject({ isAllowed: false, retrySeconds: 1 });
    time += 1;
    expect(await limiter.take(key, bucket)).toMatchObject({ isAllowed: true, remaining: 0 });
    time += 3_600_000;
    expect(await limiter.take(key, bucket)).toMatchObject({ isAllowed: true, remaining: 2 });
  });

  it('gives as many tokens to many at once as to one after the other', async () => {
    const [one, other] = [make(), make()];
    const key = `key ${nextKey++}`;
    const shared = await Promise.all(Array.from({ length: 12 }, (_, index) => (index % 2 ? one : other).take(key, bucket)));
    // Buckets in memory are each server's own.
    const limiters = one instanceof MemoryLimiter ? 2 : 1;
    expect(shared.filter(({ isAllowed }) => isAllowed)).toHaveLength(3 * limiters);
  });
});

describe('both kinds', () => {
  it('say the same to any sequence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 15_000 }), { maxLength: 12 }), async (pauses) => {
        const [memory, database] = [new MemoryLimiter(now), new DatabaseLimiter(prisma, now)];
        const key = `key ${nextKey++}`;
        for (const pause of pauses) {
          time += pause;
          expect(await database.take(key, bucket)).toEqual(await memory.take(key, bucket));
        }
      }),
      { numRuns: 15 },
    );
  });
});
