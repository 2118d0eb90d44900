import type { Prisma, PrismaClient } from '@anneal/prisma';
import { type Curve, highestStep, lowestLevel, type Plan, planFor, planOn, type Segment, segmentsOf, type StepRange } from './curves.ts';
import { type Bucket, grouped, stepsOf, topLevel } from './rollups.ts';
import { chunks, rowsOf, whole } from './tables.ts';

export interface ReadCurve {
  /** In the order of steps, none overlaps. */
  buckets: Bucket[];
  /** Steps that a bucket spans at most; 1: each is a point. */
  resolution: number;
}

/** Rows of a list of what is wanted in one statement. */
const wantedAStatement = 500;
/** Below this share of the buckets asked for, a finer level is looked at. */
const tooFew = 1 / 4;

/**
 * Reads curves, all of them in a few statements. However many points there are, a bounded number of rows is read for each, and no peak
 * is lost.
 * @param maxPoints most buckets of each curve.
 * @returns one for each curve, in their order.
 */
export async function readCurves(
  prisma: PrismaClient,
  curves: readonly Curve[],
  range: StepRange,
  maxPoints: number,
): Promise<ReadCurve[]> {
  const all = curves.map((curve): Wanted => ({
    ...{ curve, level: topLevel, times: 1 },
    ...{ first: Math.floor(range.fromStep / stepsOf(topLevel)), last: Math.floor(range.toStep / stepsOf(topLevel)) },
  }));
  const extents = await readRollups(prisma, all);
  const results: ReadCurve[] = curves.map(() => ({ buckets: [], resolution: 1 }));
  let plans = new Map<number, Plan>();
  for (const [index, curve] of curves.entries()) {
    const own = extents[index] ?? [];
    if (own.length > 0) plans.set(index, planFor(own, range, maxPoints, lowestLevel(curve)));
  }
  while (plans.size > 0) {
    const again = new Map<number, Plan>();
    const read = await readPlanned(prisma, curves, plans, range, extents);
    for (const [index, rows] of read) {
      const [plan, curve] = [plans.get(index), curves[index]];
      if (!plan || !curve) continue;
      const result = joined(rows, stepsOf(plan.level) * plan.times, maxPoints);
      // Points that lie together with long gaps between them: the estimate was too high.
      if (result.buckets.length < maxPoints * tooFew && plan.level > lowestLevel(curve))
        again.set(index, planOn(plan.level - 1, extents[index] ?? [], range, maxPoints));
      else results[index] = result;
    }
    plans = again;
  }
  return results;
}

/** Joins rows to at most so many buckets, each of equally many steps. */
function joined(rows: readonly Bucket[], steps: number, maxPoints: number): ReadCurve {
  let times = 1;
  while (groups(rows, times * steps) > maxPoints) times = Math.max(times + 1, Math.floor(times * 1.2));
  const resolution = times * steps;
  return { buckets: resolution === 1 ? [...rows] : [...grouped(rows, resolution).values()], resolution };
}

function groups(rows: readonly Bucket[], steps: number): number {
  let [number, before] = [0, -1];
  for (const { fromStep } of rows) {
    const place = Math.floor(fromStep / steps);
    if (place !== before) number += 1;
    before = place;
  }
  return number;
}

interface Wanted extends Segment {
  curve: Curve;
  /** How many of the level are joined to one row, from number 0 on. */
  times: number;
}

async function readPlanned(
  prisma: PrismaClient,
  curves: readonly Curve[],
  plans: ReadonlyMap<number, Plan>,
  range: StepRange,
  extents: readonly (readonly Bucket[])[],
): Promise<Map<number, Bucket[]>> {
  const [owners, wanted]: [number[], Wanted[]] = [[], []];
  for (const [index, { level, times }] of plans) {
    const curve = curves[index];
    if (!curve) continue;
    const extent = { fromStep: extents[index]?.[0]?.fromStep ?? 0, toStep: extents[index]?.at(-1)?.toStep ?? 0 };
    for (const segment of segmentsOf(level, lowestLevel(curve), range, extent)) {
      owners.push(index);
      wanted.push({ ...segment, curve, times: segment.level === level ? times : 1 });
    }
  }
  const [rollups, points] = [await readRollups(prisma, wanted), await readPoints(prisma, wanted)];
  const read = new Map<number, Bucket[]>([...plans.keys()].map((index) => [index, []]));
  for (const [place, owner] of owners.entries()) read.get(owner)?.push(...(rollups[place] ?? []), ...(points[place] ?? []));
  return read;
}

/** Segments of level 0 are left out. @returns the rows of each, in the order of steps. */
const readRollups = (prisma: PrismaClient, wanted: readonly Wanted[]): Promise<Bucket[][]> =>
  readRows(
    wanted,
    ({ level }) => level > 0,
    (list) => prisma.$queryRaw`
      SELECT "joined"."place", "joined"."fromStep", "joined"."min", "joined"."max", "joined"."count", "joined"."nonFiniteCount",
        "final"."toStep", "final"."last", "final"."nonFinite", "final"."epoch", "final"."tokens", "final"."time"
      FROM (
        SELECT "wanted"."column1" AS "place", "wanted"."column2" AS "runId", "wanted"."column3" AS "key", "wanted"."column4" AS "rank",
          "wanted"."column5" AS "level", max("stored"."bucket") AS "bucket", min("stored"."fromStep") AS "fromStep",
          min("stored"."min") AS "min", max("stored"."max") AS "max",
          sum("stored"."count") AS "count", sum("stored"."nonFiniteCount") AS "nonFiniteCount"
        FROM (VALUES ${list}) AS "wanted" CROSS JOIN "MetricRollup" AS "stored"
        WHERE "stored"."runId" = "wanted"."column2" AND "stored"."key" = "wanted"."column3" AND "stored"."rank" = "wanted"."column4"
          AND "stored"."level" = "wanted"."column5" AND "stored"."bucket" BETWEEN "wanted"."column6" AND "wanted"."column7"
        GROUP BY "wanted"."column1", "stored"."bucket" / "wanted"."column8",
          "wanted"."column2", "wanted"."column3", "wanted"."column4", "wanted"."column5"
      ) AS "joined" CROSS JOIN "MetricRollup" AS "final"
      WHERE "final"."runId" = "joined"."runId" AND "final"."key" = "joined"."key" AND "final"."rank" = "joined"."rank"
        AND "final"."level" = "joined"."level" AND "final"."bucket" = "joined"."bucket"
      ORDER BY "joined"."place", "joined"."bucket"`,
  );

/** Segments of level 0 alone. @returns the points of each, in the order of steps. */
const readPoints = (prisma: PrismaClient, wanted: readonly Wanted[]): Promise<Bucket[][]> =>
  readRows(
    wanted,
    ({ level }) => level === 0,
    (list) => prisma.$queryRaw`
      SELECT "joined"."place", "joined"."fromStep", "joined"."min", "joined"."max", "joined"."count", "joined"."nonFiniteCount",
        "final"."step" AS "toStep", "final"."value" AS "last", "final"."nonFinite", "final"."epoch", "final"."tokens", "final"."time"
      FROM (
        SELECT "wanted"."column1" AS "place", "wanted"."column2" AS "runId", "wanted"."column3" AS "key", "wanted"."column4" AS "rank",
          min("stored"."step") AS "fromStep", max("stored"."step") AS "toStep",
          min("stored"."value") AS "min", max("stored"."value") AS "max",
          count(*) AS "count", count("stored"."nonFinite") AS "nonFiniteCount"
        FROM (VALUES ${list}) AS "wanted" CROSS JOIN "MetricPoint" AS "stored"
        WHERE "stored"."runId" = "wanted"."column2" AND "stored"."key" = "wanted"."column3" AND "stored"."rank" = "wanted"."column4"
          AND "stored"."step" BETWEEN "wanted"."column6" AND "wanted"."column7"
        GROUP BY "wanted"."column1", "stored"."step" / "wanted"."column8",
          "wanted"."column2", "wanted"."column3", "wanted"."column4"
      ) AS "joined" CROSS JOIN "MetricPoint" AS "final"
      WHERE "final"."runId" = "joined"."runId" AND "final"."key" = "joined"."key" AND "final"."rank" = "joined"."rank"
        AND "final"."step" = "joined"."toStep"
      ORDER BY "joined"."place", "joined"."toStep"`,
  );

/** Sums come as larger integers from some databases. */
type Row = Omit<Bucket, 'count' | 'nonFiniteCount'> & { place: number; count: number | bigint; nonFiniteCount: number | bigint };

async function readRows(
  wanted: readonly Wanted[],
  isMeant: (segment: Segment) => boolean,
  query: (list: Prisma.Sql) => PromiseLike<Row[]>,
): Promise<Bucket[][]> {
  const found: Bucket[][] = wanted.map(() => []);
  const list = wanted.flatMap((segment, place) => (isMeant(segment) ? [listed(segment, place)] : []));
  for (const chunk of chunks(list, wantedAStatement)) {
    for (const { place, count, nonFiniteCount, ...row } of await query(rowsOf(chunk)))
      found[place]?.push({ ...row, count: Number(count), nonFiniteCount: Number(nonFiniteCount) });
  }
  return found;
}

/** Columns of `wanted`: place, run, key, rank, level, first, last, how many are joined. */
const listed = ({ curve: { runId, key, rank }, level, first, last, times }: Wanted, place: number) => [
  ...[whole(place), runId, key, whole(rank), whole(level)],
  ...[whole(first), whole(Math.min(last, highestStep)), whole(times)],
];
