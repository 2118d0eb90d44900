import type { MetricPoint as StoredPoint, Prisma } from '@anneal/prisma';
import { type Bucket, completedRollups, type Rollup } from './rollups.ts';
import { extend, type Summary } from './summary.ts';

export type NewPoint = Omit<StoredPoint, 'runId'>;

/** SQLite takes 32,766 parameters a statement, PostgreSQL 65,535. */
const rowsAStatement = 1000;

/**
 * Stores points of a run with their rollups, in raw batches: one create a point would be thirty times slower.
 * @param points with each key in the order of steps; one at or before the last step of its key is a duplicate and is passed over.
 * @returns the new summary
 */
export async function storePoints(
  transaction: Prisma.TransactionClient,
  runId: string,
  summary: Summary,
  points: readonly NewPoint[],
): Promise<Summary> {
  const updated = { ...summary };
  const fresh = new Map<string, NewPoint[]>();
  for (const point of points) {
    const known = updated[point.key];
    if (known && point.step <= known.lastStep) continue;
    updated[point.key] = extend(known, point.step, point.value);
    const added = fresh.get(point.key);
    if (added) added.push(point);
    else fresh.set(point.key, [point]);
  }
  const rollups: (Rollup & { key: string })[] = [];
  for (const [key, added] of fresh) {
    const before = (level: number, take: number) => lastBuckets(transaction, runId, key, level, take);
    const full = await completedRollups(summary[key]?.count ?? 0, added.map(asBucket), before);
    rollups.push(...full.map((rollup) => ({ ...rollup, key })));
  }
  await insert(
    transaction,
    'MetricPoint',
    ['runId', 'key', 'step', 'value', 'epoch', 'tokens', 'time', 'sequence'],
    [...fresh.values()]
      .flat()
      .map((point) => [runId, point.key, point.step, point.value, point.epoch, point.tokens, point.time, point.sequence]),
  );
  await insert(
    transaction,
    'MetricRollup',
    ['runId', 'key', 'level', 'fromStep', 'toStep', 'bucket', 'min', 'max', 'last', 'count', 'time'],
    rollups.map(({ key, level, fromStep, toStep, bucket, min, max, last, count, time }) => [
      runId,
      key,
      level,
      fromStep,
      toStep,
      bucket,
      min,
      max,
      last,
      count,
      time,
    ]),
  );
  return updated;
}

/** A point as a bucket of one. */
export const asBucket = ({ step, value, time }: Pick<StoredPoint, 'step' | 'value' | 'time'>): Bucket => ({
  fromStep: step,
  toStep: step,
  min: value,
  max: value,
  last: value,
  count: 1,
  time,
});

async function lastBuckets(
  transaction: Prisma.TransactionClient,
  runId: string,
  key: string,
  level: number,
  take: number,
): Promise<Bucket[]> {
  const found =
    level === 0
      ? (await transaction.metricPoint.findMany({ where: { runId, key }, orderBy: { step: 'desc' }, take })).map(asBucket)
      : await transaction.metricRollup.findMany({ where: { runId, key, level }, orderBy: { fromStep: 'desc' }, take });
  return found.reverse();
}

async function insert(
  transaction: Prisma.TransactionClient,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number | Date)[])[],
): Promise<void> {
  const quoted = columns.map((column) => `"${column}"`).join(', ');
  for (let start = 0; start < rows.length; start += rowsAStatement) {
    const batch = rows.slice(start, start + rowsAStatement);
    const values = batch.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
    await transaction.$executeRawUnsafe(`INSERT INTO "${table}" (${quoted}) VALUES ${values}`, ...batch.flat());
  }
}
