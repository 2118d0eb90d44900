import type { NonFinite } from '@anneal/prisma';
import { greatest, least, storedValue } from './values.ts';

/** Points between two steps. A bucket of one point is the point itself. */
export interface Bucket {
  /** Of the first and of the last point. */
  fromStep: number;
  toStep: number;
  /** Of the finite values; null when there is none. */
  min: number | null;
  max: number | null;
  /** Of the last point; null when it is not a finite number. */
  last: number | null;
  /** What the last point is when it is not a finite number. */
  nonFinite: NonFinite | null;
  count: number;
  /** How many points are not finite. */
  nonFiniteCount: number;
  /** Of the last point. */
  epoch: number;
  tokens: number;
  time: Date;
}

/** A bucket as it is stored: number `bucket` of a level holds the steps from `bucket * stepsOf(level)` on. */
export interface Rollup extends Bucket {
  level: number;
  bucket: number;
}

/** 16⁵ is a million steps; the largest step is 2³¹ − 1, so a curve has at most 2,048 buckets on this level. */
export const topLevel = 5;

/** Steps that one bucket of a level spans; level 0 are the points. */
export const stepsOf = (level: number): number => 16 ** level;

export interface Measured {
  step: number;
  /** May be NaN or infinite. */
  value: number;
  epoch: number;
  tokens: number;
  time: Date;
}

/** A point as a bucket of one. */
export function asBucket({ step, value: number, epoch, tokens, time }: Measured): Bucket {
  const { value, nonFinite } = storedValue(number);
  return {
    fromStep: step,
    toStep: step,
    min: value,
    max: value,
    last: value,
    nonFinite,
    count: 1,
    nonFiniteCount: nonFinite ? 1 : 0,
    epoch,
    tokens,
    time,
  };
}

/** Joins two buckets that have no point in common, whichever comes first. */
export const merge = (a: Bucket, b: Bucket): Bucket => take({ ...a }, b);

/** Takes a bucket into another one, which changes: with 50,000 points a second copies would cost more than the rest. */
function take(whole: Bucket, part: Bucket): Bucket {
  if (part.toStep > whole.toStep) {
    whole.toStep = part.toStep;
    whole.last = part.last;
    whole.nonFinite = part.nonFinite;
    whole.epoch = part.epoch;
    whole.tokens = part.tokens;
    whole.time = part.time;
  }
  if (part.fromStep < whole.fromStep) whole.fromStep = part.fromStep;
  whole.min = least(whole.min, part.min);
  whole.max = greatest(whole.max, part.max);
  whole.count += part.count;
  whole.nonFiniteCount += part.nonFiniteCount;
  return whole;
}

/** What points of one curve, in whatever order, add to the buckets of all levels. */
export function rollupsOf(points: readonly Measured[]): Rollup[] {
  const rollups: Rollup[] = [];
  let below: readonly Bucket[] = points.map(asBucket);
  for (let level = 1; level <= topLevel; level++) {
    const buckets = grouped(below, stepsOf(level));
    for (const [bucket, content] of buckets) rollups.push({ ...content, level, bucket });
    below = [...buckets.values()];
  }
  return rollups;
}

/** Joins the buckets whose first steps, divided by `steps`, have the same whole part. */
export function grouped(buckets: readonly Bucket[], steps: number): Map<number, Bucket> {
  const groups = new Map<number, Bucket>();
  for (const bucket of buckets) {
    const place = Math.floor(bucket.fromStep / steps);
    const group = groups.get(place);
    if (group) take(group, bucket);
    else groups.set(place, { ...bucket });
  }
  return groups;
}
