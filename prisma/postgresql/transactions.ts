import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Prisma, PrismaClient } from '../generated/sqlite/client.ts';
import { isConflict, isConnectionFailure } from './failures.ts';
import { backOff, patiently } from './patience.ts';

type Work = (transaction: Prisma.TransactionClient) => Promise<unknown>;
type Options = Parameters<PrismaClient['$transaction']>[1];
type Transact = (work: Work, options?: Options) => Promise<unknown>;

/** Marks that are older than this are cleared, every so many transactions. */
const keptHours = 6;
const clearEvery = 5000;

/**
 * Makes the interactive transactions of a client begin again, whole, where that is safe: they got in each other's way, or the
 * connection was lost before they were committed. When it was lost during the commit, the database is asked what became of it, so
 * nothing is done twice, and nothing that was done is reported as failed. What a transaction does besides its queries must
 * therefore be harmless when it is done twice.
 * @param seconds how long it is tried again
 */
export function retryTransactions(client: PrismaClient, seconds: number): void {
  const original: unknown = client.$transaction.bind(client);
  const once = original as Transact;
  let untilClearing = clearEvery * Math.random();
  const retrying = async (work: unknown, options?: Options): Promise<unknown> => {
    if (typeof work !== 'function') return once(work as Work, options);
    if (--untilClearing < 0) {
      untilClearing = clearEvery;
      await client.transactionMark.deleteMany({ where: { time: { lt: new Date(Date.now() - keptHours * 3_600_000) } } });
    }
    return run(client, once, work as Work, options, seconds);
  };
  Object.defineProperty(client, '$transaction', { value: retrying });
}

async function run(client: PrismaClient, once: Transact, work: Work, options: Options, seconds: number): Promise<unknown> {
  const end = performance.now() + seconds * 1000;
  for (let attempt = 0; ; attempt++) {
    const mark = randomUUID();
    /** What the work gave, once only the commit was left. */
    let done: { result: unknown } | undefined;
    try {
      return await once(async (transaction) => {
        const result = await work(transaction);
        await leave(transaction, mark);
        done = { result };
        return result;
      }, options);
    } catch (error) {
      const isLost = isConnectionFailure(error);
      if (!isLost && !isConflict(error)) throw error;
      if (isLost && done && (await wasCommitted(client, mark, seconds))) return done.result;
      const wait = isLost ? backOff(attempt) : Math.random() * Math.min(200, 5 * 2 ** attempt);
      if (performance.now() + wait > end) throw error;
      await setTimeout(wait);
    }
  }
}

/** Writes the mark of a transaction, if it has written anything. */
async function leave(transaction: Prisma.TransactionClient, mark: string): Promise<void> {
  await transaction.$executeRaw`INSERT INTO "TransactionMark" ("id") SELECT ${mark} WHERE pg_current_xact_id_if_assigned() IS NOT NULL`;
}

/** Time of a mark that stands for a transaction that was not committed, and cannot be any more. */
const withdrawn = new Date(0);

/**
 * Whether a transaction was committed. One that is still on its way is waited for; otherwise its mark is taken, so that it cannot
 * be committed later. (The server's own `pg_xact_status` would not do: after a crash, numbers of transactions are given out again.)
 */
async function wasCommitted(client: PrismaClient, mark: string, seconds: number): Promise<boolean> {
  const take = () => client.$executeRaw`INSERT INTO "TransactionMark" ("id", "time") VALUES (${mark}, ${withdrawn}) ON CONFLICT DO NOTHING`;
  // Taking it twice is harmless.
  await patiently(take, { seconds, isWorthIt: isConnectionFailure });
  const found = await client.transactionMark.findUnique({ where: { id: mark } });
  return found !== null && found.time.getTime() !== withdrawn.getTime();
}
