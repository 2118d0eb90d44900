/** Points between two steps: lowest, highest and last value. A bucket of one point is the point itself. */
export interface Bucket {
  fromStep: number;
  toStep: number;
  min: number;
  max: number;
  last: number;
  count: number;
  /** Of the last point. */
  time: Date;
}

/** A full bucket of a level, as it is stored. `bucket` numbers those of a level from 0. */
export interface Rollup extends Bucket {
  level: number;
  bucket: number;
}

/** How many of a level make one of the next. */
export const width = 64;

/** 64⁴ points in one bucket: more than a run has. */
export const topLevel = 4;

/** Joins buckets that follow each other. */
export function merge(buckets: readonly [Bucket, ...Bucket[]]): Bucket {
  const [first] = buckets;
  const last = buckets.at(-1) ?? first;
  return {
    fromStep: first.fromStep,
    toStep: last.toStep,
    min: buckets.reduce((min, bucket) => Math.min(min, bucket.min), Infinity),
    max: buckets.reduce((max, bucket) => Math.max(max, bucket.max), -Infinity),
    last: last.last,
    count: buckets.reduce((count, bucket) => count + bucket.count, 0),
    time: last.time,
  };
}

/**
 * The buckets that new points make full, on all levels. Only full ones are stored and none is ever changed; what is behind the last
 * full one of a level is found one level below.
 * @param count points that were stored before.
 * @param points the new ones, in the order of their steps.
 * @param before reads the last `take` buckets of a level as they were stored before, in the order of steps; level 0: points.
 */
export async function completedRollups(
  count: number,
  points: readonly Bucket[],
  before: (level: number, take: number) => Promise<Bucket[]>,
): Promise<Rollup[]> {
  const rollups: Rollup[] = [];
  let [stored, added] = [count, points];
  for (let level = 1; level <= topLevel; level++) {
    const open = stored % width;
    if (open + added.length < width) break;
    const row = [...(open > 0 ? await before(level - 1, open) : []), ...added];
    const full: Rollup[] = [];
    for (let start = 0; start + width <= row.length; start += width) {
      const [first, ...rest] = row.slice(start, start + width);
      if (first) full.push({ ...merge([first, ...rest]), level, bucket: Math.floor(stored / width) + start / width });
    }
    rollups.push(...full);
    [stored, added] = [Math.floor(stored / width), full];
  }
  return rollups;
}
