import { type Bucket, stepsOf, topLevel } from './rollups.ts';

/** One metric of one process of a run. */
export interface Curve {
  runId: string;
  key: string;
  rank: number;
  /** Its points are gone; only rollups are left. */
  isThinned: boolean;
}

export interface StepRange {
  fromStep: number;
  toStep: number;
}

/** 2³¹ − 1 */
export const highestStep = 2_147_483_647;

/** A row of buckets of one level; level 0: points, numbered by their steps. */
export interface Segment {
  level: number;
  first: number;
  last: number;
}

/** Share of the buckets asked for that is enough: a finer level has up to sixteen times as many. */
const enough = 1 / 2;

export const lowestLevel = ({ isThinned }: Curve): number => (isThinned ? 1 : 0);

/** How a curve is read: buckets of a level, so many of which are joined to one. */
export interface Plan {
  level: number;
  times: number;
}

/**
 * The highest level that has enough buckets for a curve; a lower one where that costs nothing.
 * @param extents its buckets of the top level within the range.
 */
export function planFor(extents: readonly Bucket[], range: StepRange, maxPoints: number, lowest: number): Plan {
  const rows = (level: number) => mostRows(extents, range, level);
  let level = topLevel;
  while (level > lowest && (rows(level) < maxPoints * enough || rows(level - 1) <= maxPoints)) level -= 1;
  return planOn(level, extents, range, maxPoints);
}

/** The same on a level that is given. */
export const planOn = (level: number, extents: readonly Bucket[], range: StepRange, maxPoints: number): Plan => ({
  level,
  times: Math.max(1, Math.ceil(mostRows(extents, range, level) / maxPoints)),
});

/** At least as many as the level has in the range: a bucket holds a point, and points lie on different steps. */
function mostRows(extents: readonly Bucket[], range: StepRange, level: number): number {
  const steps = stepsOf(level);
  let rows = 0;
  for (const { fromStep, toStep, count } of extents) {
    const [from, to] = [Math.max(fromStep, range.fromStep), Math.min(toStep, range.toStep)];
    if (from <= to) rows += Math.min(count, Math.floor(to / steps) - Math.floor(from / steps) + 1);
  }
  return rows;
}

/**
 * What to read for a range: the buckets of a level that lie wholly inside, and for what is left at both ends those of the levels below.
 * On the lowest level buckets that reach over the ends are taken whole.
 * @param extent first and last step of the curve: beyond there is nothing that could be cut.
 */
export function segmentsOf(level: number, lowest: number, range: StepRange, extent: StepRange): Segment[] {
  const { fromStep, toStep } = range;
  if (fromStep > toStep) return [];
  const steps = stepsOf(level);
  const isFinest = level === lowest;
  const isOpenBelow = isFinest || fromStep <= extent.fromStep;
  const isOpenAbove = isFinest || toStep >= extent.toStep;
  const first = isOpenBelow ? Math.floor(fromStep / steps) : Math.ceil(fromStep / steps);
  const last = isOpenAbove ? Math.floor(toStep / steps) : Math.floor((toStep + 1) / steps) - 1;
  if (first > last) return segmentsOf(level - 1, lowest, range, extent);
  const [before, behind] = [first * steps, (last + 1) * steps];
  return [
    ...(isOpenBelow ? [] : segmentsOf(level - 1, lowest, { fromStep, toStep: before - 1 }, extent)),
    { level, first, last },
    ...(isOpenAbove ? [] : segmentsOf(level - 1, lowest, { fromStep: behind, toStep }, extent)),
  ];
}
