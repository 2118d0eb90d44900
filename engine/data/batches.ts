import { deriveSeed, randomSource } from '../random.ts';

export interface BatchOptions {
  /** Examples in a micro batch. */
  batchSize: number;
  /** Micro batches in an optimizer step. */
  gradientAccumulation: number;
  seed: number;
  /** From 0. Each epoch has its own order. */
  epoch: number;
  /** Put examples of similar length into the same micro batch, which saves padding. Default true. */
  bucket?: boolean;
}

/**
 * Steps whose examples are sorted by length together. More of them leave less padding and a less random order: an example
 * stays within its pool whatever its length.
 */
const poolSteps = 8;

/** A purpose of its own among the seeds of a run. */
const orderPurpose = 0x0bde;

/**
 * The steps of one epoch, each a list of micro batches of example indices. Every example appears once. A function of its
 * arguments alone, so a resumed run sees the batches that it would have seen. Only the last step of an epoch may have fewer
 * examples than `batchSize · gradientAccumulation`.
 * @param lengths tokens of each example
 */
export function planBatches(
  lengths: readonly number[],
  { batchSize, gradientAccumulation, seed, epoch, bucket = true }: BatchOptions,
): number[][][] {
  const random = randomSource(deriveSeed(seed, orderPurpose, epoch));
  const order = shuffled(lengths.length, random);
  const poolSize = batchSize * gradientAccumulation * poolSteps;
  const steps: number[][][] = [];
  for (let from = 0; from < order.length; from += poolSize) {
    const pool = order.slice(from, from + poolSize);
    const microBatches = bucket ? microBatchesByLength(pool, lengths, batchSize, random) : chunk(pool, batchSize);
    steps.push(...chunk(microBatches, gradientAccumulation));
  }
  return steps;
}

/** The rest that does not fill a micro batch is taken at random, not from the longest, and comes last. */
function microBatchesByLength(pool: number[], lengths: readonly number[], batchSize: number, random: () => number): number[][] {
  const whole = pool.length - (pool.length % batchSize);
  const sorted = pool.slice(0, whole).sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0));
  const microBatches = chunk(sorted, batchSize);
  const mixed = shuffled(microBatches.length, random).map((index) => microBatches[index] ?? []);
  return whole === pool.length ? mixed : [...mixed, pool.slice(whole)];
}

/** The numbers from 0 to `count` − 1 in random order (Fisher & Yates). */
export function shuffled(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/**
 * The length to which a micro batch is padded: `tokens` rounded up to a multiple of 32 up to 256, of 64 up to 1,024, of 256
 * up to 4,096, and of 1,024 beyond. Few different lengths mean few compiled graphs.
 */
export function bucketLength(tokens: number): number {
  const unit = tokens <= 256 ? 32 : tokens <= 1024 ? 64 : tokens <= 4096 ? 256 : 1024;
  return Math.max(unit, Math.ceil(tokens / unit) * unit);
}
