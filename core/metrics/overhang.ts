import type { PrismaClient, Run } from '@anneal/prisma';
import type { Curve, StepRange } from './curves.ts';
import type { ReadCurve } from './read.ts';
import { asBucket, type Bucket, merge } from './rollups.ts';
import { rowsOf, whole } from './tables.ts';
import { numberOf } from './values.ts';

/**
 * Takes out of curves what was stored after their runs were read. Points that are stored never change, so it does not matter that
 * more may come meanwhile: buckets that hold a later point are made again from the earlier ones.
 */
export async function withoutLater(
  prisma: PrismaClient,
  runs: readonly Pick<Run, 'id' | 'journalSequence'>[],
  curves: readonly Curve[],
  read: ReadCurve[],
  range: StepRange,
): Promise<void> {
  if (runs.length === 0 || read.length === 0) return;
  const sequences = new Map(runs.map(({ id, journalSequence }) => [id, journalSequence]));
  const wanted = runs.map(({ id, journalSequence }) => [id, whole(journalSequence)]);
  const later = await prisma.$queryRaw<{ runId: string; key: string; rank: number; step: number }[]>`
    SELECT "point"."runId", "point"."key", "point"."rank", "point"."step"
    FROM (VALUES ${rowsOf(wanted)}) AS "wanted" CROSS JOIN "MetricPoint" AS "point"
    WHERE "point"."runId" = "wanted"."column1" AND "point"."sequence" > "wanted"."column2"`;
  if (later.length === 0) return;
  const name = ({ runId, key, rank }: Omit<Curve, 'isThinned'>) => `${runId} ${rank} ${key}`;
  const steps = new Map<string, number[]>();
  for (const point of later) {
    const own = steps.get(name(point));
    if (own) own.push(point.step);
    else steps.set(name(point), [point.step]);
  }
  for (const [index, curve] of curves.entries()) {
    const [own, result] = [steps.get(name(curve)), read[index]];
    if (!own || !result) continue;
    const touched = new Set(own.map((step) => Math.floor(step / result.resolution)));
    const buckets = result.buckets.map(async (bucket) => {
      const place = Math.floor(bucket.fromStep / result.resolution);
      if (!touched.has(place)) return bucket;
      const fromStep = Math.max(range.fromStep, place * result.resolution);
      const toStep = Math.min(range.toStep, (place + 1) * result.resolution - 1);
      return earlier(prisma, curve, { fromStep, toStep }, sequences.get(curve.runId) ?? 0);
    });
    result.buckets = (await Promise.all(buckets)).filter((bucket) => bucket !== null);
  }
}

async function earlier(
  prisma: PrismaClient,
  { runId, key, rank }: Curve,
  { fromStep, toStep }: StepRange,
  sequence: number,
): Promise<Bucket | null> {
  const points = await prisma.metricPoint.findMany({
    where: { runId, key, rank, step: { gte: fromStep, lte: toStep }, sequence: { lte: sequence } },
  });
  const buckets = points.map((point) => asBucket({ ...point, value: numberOf(point) }));
  return buckets.reduce<Bucket | null>((whole, bucket) => (whole ? merge(whole, bucket) : bucket), null);
}
