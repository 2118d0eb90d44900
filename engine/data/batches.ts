import { deriveSeed, randomSource } from '../random.ts';
import { permutation } from './permutation.ts';

export interface BatchShape {
  /** Rows of a micro-batch: examples, or rows into which examples are packed. */
  batchSize: number;
  /** Micro-batches of an optimizer step. */
  gradientAccumulation: number;
}

export interface EpochOptions extends BatchShape {
  seed: number;
  /** From 0. Each epoch has its own order. */
  epoch: number;
}

/**
 * Steps whose rows are sorted by length together, which saves padding. More of them leave less padding and a less random
 * order: a row stays within its pool whatever its length.
 */
export const poolSteps = 8;

/** Purposes of their own among the seeds of a run. */
const [orderPurpose, poolPurpose, packingPurpose] = [0x0bde, 0x9001, 0x9acc];

/** The order of all rows in an epoch. */
export const epochOrder = (count: number, { seed, epoch }: Pick<EpochOptions, 'seed' | 'epoch'>): ((place: number) => number) =>
  permutation(count, deriveSeed(seed, orderPurpose, epoch));

/** The random numbers of a pool (from 0). */
export const poolRandom = ({ seed, epoch }: Pick<EpochOptions, 'seed' | 'epoch'>, pool: number): (() => number) =>
  randomSource(deriveSeed(seed, poolPurpose, epoch, pool));

/**
 * The steps of one epoch, each a list of micro-batches of row numbers. Every row appears once. A function of its arguments
 * alone, so a resumed run sees the batches that it would have seen. Only the last step of an epoch may have fewer rows than
 * `batchSize · gradientAccumulation`.
 * @param lengths tokens of each row
 */
export function planEpoch(lengths: readonly number[], options: EpochOptions): number[][][] {
  const order = epochOrder(lengths.length, options);
  const stepRows = options.batchSize * options.gradientAccumulation;
  const steps: number[][][] = [];
  for (let from = 0; from < lengths.length; from += stepRows * poolSteps) {
    const rows = Array.from({ length: Math.min(stepRows * poolSteps, lengths.length - from) }, (_, index) => order(from + index));
    const poolLengths = rows.map((row) => lengths[row] ?? 0);
    const random = poolRandom(options, from / (stepRows * poolSteps));
    const planned = planPool(poolLengths, Math.ceil(rows.length / stepRows), options, random);
    steps.push(...planned.map((step) => step.map((microBatch) => microBatch.map((place) => rows[place] ?? 0))));
  }
  return steps;
}

/**
 * Puts rows of similar length into micro-batches and these, in random order, into exactly `steps` steps. Micro-batches are
 * full as long as no step is left empty by that; else rows are dealt out evenly.
 * @param lengths tokens of each row, at least one
 * @returns for each step, its micro-batches of places in `lengths`
 */
export function planPool(lengths: readonly number[], steps: number, shape: BatchShape, random: () => number): number[][][] {
  const { batchSize, gradientAccumulation } = shape;
  if (Math.ceil(lengths.length / (batchSize * gradientAccumulation)) !== steps) return planEvenly(lengths, steps, shape, random);
  const places = [...lengths.keys()];
  const whole = places.length - (places.length % batchSize);
  // The rest that does not fill a micro-batch is taken at random, not from the longest, and comes last.
  const rest = whole === places.length ? [] : [places.slice(whole)];
  const full = mixed(chunk(places.slice(0, whole).sort(byLength(lengths)), batchSize), random);
  return chunk([...full, ...rest], gradientAccumulation);
}

/**
 * As `planPool`, but deals the rows out evenly: steps differ by one row at most. Where there are fewer rows than steps they are
 * taken again from the first.
 */
export function planEvenly(lengths: readonly number[], steps: number, { batchSize }: BatchShape, random: () => number): number[][][] {
  const enough = Array.from({ length: Math.max(steps, lengths.length) }, (_, index) => index % lengths.length);
  return mixed(deal(enough.sort(byLength(lengths)), steps), random).map((step) => deal(step, Math.ceil(step.length / batchSize)));
}

const byLength =
  (lengths: readonly number[]) =>
  (a: number, b: number): number =>
    (lengths[a] ?? 0) - (lengths[b] ?? 0);

/**
 * Puts examples into rows of `maxLength` tokens, first fit decreasing (Johnson 1974), in pools taken at random so that a row
 * holds chance neighbours. Every example is in one row.
 * @param lengths tokens of each example, at most `maxLength`
 * @returns rows of example numbers
 */
export function packRows(lengths: readonly number[], maxLength: number, seed: number): number[][] {
  const order = permutation(lengths.length, deriveSeed(seed, packingPurpose));
  const rows: number[][] = [];
  for (let from = 0; from < lengths.length; from += packingPool) {
    const pool = Array.from({ length: Math.min(packingPool, lengths.length - from) }, (_, index) => order(from + index));
    const poolLengths = pool.map((example) => lengths[example] ?? 0);
    rows.push(...packPool(poolLengths, maxLength).map((row) => row.map((place) => pool[place] ?? 0)));
  }
  return rows;
}

/** Examples that are packed together: enough that rows are nearly full, few enough that trying all rows is quick. */
const packingPool = 2048;

/** First fit decreasing over all of `lengths`. @returns rows of places in `lengths` */
export function packPool(lengths: readonly number[], maxLength: number): number[][] {
  const rows: { places: number[]; room: number }[] = [];
  const decreasing = [...lengths.keys()].sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0));
  for (const place of decreasing) {
    const length = lengths[place] ?? 0;
    const fitting = rows.find(({ room }) => room >= length);
    if (fitting) {
      fitting.places.push(place);
      fitting.room -= length;
    } else rows.push({ places: [place], room: maxLength - length });
  }
  return rows.map(({ places }) => places);
}

/** The same items in random order. */
function mixed<T>(items: readonly T[], random: () => number): T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Neighbours in `parts` lists of nearly the same length. */
function deal<T>(items: readonly T[], parts: number): T[][] {
  const border = (part: number) => Math.floor((part * items.length) / parts);
  return Array.from({ length: parts }, (_, part) => items.slice(border(part), border(part + 1)));
}

/**
 * The length to which a micro batch is padded: `tokens` rounded up to a multiple of 32 up to 256, of 64 up to 1,024, of 256
 * up to 4,096, and of 1,024 beyond. Few different lengths mean few compiled graphs.
 */
export function bucketLength(tokens: number): number {
  const unit = tokens <= 256 ? 32 : tokens <= 1024 ? 64 : tokens <= 4096 ? 256 : 1024;
  return Math.max(unit, Math.ceil(tokens / unit) * unit);
}
