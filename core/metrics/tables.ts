import { Prisma } from '@anneal/prisma';
import type { Rollup } from './rollups.ts';
import { numberOf, storedValue, type StoredValue } from './values.ts';

/** What names one point of a run. */
interface Place {
  key: string;
  rank: number;
  step: number;
}

/** SQLite takes 32,766 parameters a statement, PostgreSQL 65,535; a row has at most 16. */
const rowsAStatement = 1000;

/** Goes into the statement itself: whole numbers that are known to be such, and null. Both databases then know their type. */
type Literal = { literal: string };

export const whole = (number: number): Literal => ({ literal: String(Math.trunc(number)) });
const nothing: Literal = { literal: 'NULL' };
const orNull = (value: string | number | null) => value ?? nothing;

type Cell = Literal | string | number | Date;

/** `(1, ?), (2, ?)`, made in one piece: a statement has thousands of parameters. */
export function rowsOf(rows: readonly (readonly Cell[])[]): Prisma.Sql {
  const [texts, values]: [string[], (string | number | Date)[]] = [[], []];
  let text = '';
  for (const [index, row] of rows.entries()) {
    text += index === 0 ? '(' : '), (';
    for (const [place, cell] of row.entries()) {
      if (place > 0) text += ', ';
      if (typeof cell === 'object' && 'literal' in cell) text += cell.literal;
      else {
        texts.push(text);
        values.push(cell);
        text = '';
      }
    }
  }
  return new Prisma.Sql([...texts, `${text})`], values);
}

/** Pieces of at most so many items. */
export function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** In raw batches: one create a point would be thirty times slower. */
export async function insertPoints(
  transaction: Prisma.TransactionClient,
  runId: string,
  points: readonly (Place & { value: number; epoch: number; tokens: number; time: Date; sequence: number })[],
): Promise<void> {
  for (const chunk of chunks(points, rowsAStatement)) {
    const rows = chunk.map(({ key, rank, step, value: number, epoch, tokens, time, sequence }) => {
      const { value, nonFinite } = storedValue(number);
      return [runId, key, whole(rank), whole(step), orNull(value), orNull(nonFinite), epoch, tokens, time, whole(sequence)];
    });
    await transaction.$executeRaw`
      INSERT INTO "MetricPoint" ("runId", "key", "rank", "step", "value", "nonFinite", "epoch", "tokens", "time", "sequence")
      VALUES ${rowsOf(rows)}`;
  }
}

/** Adds buckets to those that are stored. Points are counted once each, so sums stay right in whatever order they come. */
export async function mergeRollups(
  transaction: Prisma.TransactionClient,
  runId: string,
  rollups: readonly (Rollup & { key: string; rank: number })[],
): Promise<void> {
  for (const chunk of chunks(rollups, rowsAStatement)) {
    const rows = chunk.map((rollup) => [
      ...[runId, rollup.key, whole(rollup.rank), whole(rollup.level), whole(rollup.bucket), whole(rollup.fromStep), whole(rollup.toStep)],
      ...[
        orNull(rollup.min),
        orNull(rollup.max),
        orNull(rollup.last),
        orNull(rollup.nonFinite),
        whole(rollup.count),
        whole(rollup.nonFiniteCount),
      ],
      ...[rollup.epoch, rollup.tokens, rollup.time],
    ]);
    await transaction.$executeRaw`
      INSERT INTO "MetricRollup" ("runId", "key", "rank", "level", "bucket", "fromStep", "toStep",
        "min", "max", "last", "nonFinite", "count", "nonFiniteCount", "epoch", "tokens", "time")
      VALUES ${rowsOf(rows)}
      ON CONFLICT ("runId", "key", "rank", "level", "bucket") DO UPDATE SET ${merging}`;
  }
}

const fromTheLater = ['last', 'nonFinite', 'epoch', 'tokens', 'time', 'toStep'].map(
  (column) =>
    `"${column}" = CASE WHEN excluded."toStep" > "MetricRollup"."toStep" THEN excluded."${column}" ELSE "MetricRollup"."${column}" END`,
);

/** SQLite and PostgreSQL have no function in common for the lesser of two values that passes over null. */
const chosen = (column: string, comparison: string) =>
  `"${column}" = CASE WHEN "MetricRollup"."${column}" IS NULL OR excluded."${column}" ${comparison} "MetricRollup"."${column}"
    THEN excluded."${column}" ELSE "MetricRollup"."${column}" END`;

const merging = Prisma.raw(
  [
    ...fromTheLater,
    ...[chosen('fromStep', '<'), chosen('min', '<'), chosen('max', '>')],
    ...['count', 'nonFiniteCount'].map((column) => `"${column}" = "MetricRollup"."${column}" + excluded."${column}"`),
  ].join(', '),
);

/** The values that stand at these places; places without one are left out. */
export async function storedValues(
  transaction: Prisma.TransactionClient,
  runId: string,
  places: readonly Place[],
): Promise<(Place & { value: number })[]> {
  const found: (Place & { value: number })[] = [];
  for (const chunk of chunks(places, rowsAStatement)) {
    const wanted = chunk.map(({ key, rank, step }) => [key, whole(rank), whole(step)]);
    const rows = await transaction.$queryRaw<(Place & StoredValue)[]>`
      SELECT "point"."key", "point"."rank", "point"."step", "point"."value", "point"."nonFinite"
      FROM (VALUES ${rowsOf(wanted)}) AS "wanted" CROSS JOIN "MetricPoint" AS "point"
      WHERE "point"."runId" = ${runId} AND "point"."key" = "wanted"."column1" AND "point"."rank" = "wanted"."column2"
        AND "point"."step" = "wanted"."column3"`;
    for (const { key, rank, step, ...stored } of rows) found.push({ key, rank, step, value: numberOf(stored) });
  }
  return found;
}
