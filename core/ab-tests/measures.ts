import { type AbMetric, Prisma, type PrismaClient } from '@anneal/prisma';
import type { Estimate } from './always-valid.ts';

/** What the executions of a variant come to. The sums are over its subjects, each with n values whose sum is s. */
export interface Sums {
  /** Subjects with at least one value. */
  subjects: number;
  /** Sum of n. */
  values: number;
  /** Sum of s, of s * s, of s * n, and of n * n. */
  sum: number;
  sumOfSquares: number;
  crossSum: number;
  sizeSquares: number;
}

export const noSums: Sums = { subjects: 0, values: 0, sum: 0, sumOfSquares: 0, crossSum: 0, sizeSquares: 0 };

/**
 * Mean over all values, and the variance of that mean when not values but subjects were drawn by lot: what one subject does again and
 * again is no new evidence. The mean is the ratio of two means over subjects, and its variance is that of the delta method (Deng, Knoblich,
 * Lu, "Applying the delta method in metric analytics", KDD 2018). With one value a subject it is the usual one.
 * @param smallest variance of a single value that is believed in
 */
export function estimateOf({ subjects, values, sum, sumOfSquares, crossSum, sizeSquares }: Sums, smallest = 0): Estimate {
  const value = sum / values;
  const squares = Math.max(0, sumOfSquares - 2 * value * crossSum + value ** 2 * sizeSquares);
  const correction = subjects > 1 ? subjects / (subjects - 1) : 1;
  return { value, variance: Math.max((squares / values ** 2) * correction, smallest / subjects), observations: subjects };
}

/** Sums of what a test is judged by, by the id of the variant. Counted in the database: no row of an execution is read. */
export async function sumsOf(prisma: PrismaClient, testId: string, metric: AbMetric): Promise<Map<string, Sums>> {
  const rows = await prisma.$queryRaw<({ variantId: string } & Record<keyof Sums, number | bigint>)[]>`
    SELECT "variantId", COUNT(*) AS "subjects", SUM("n") AS "values", SUM("s") AS "sum",
      SUM("s" * "s") AS "sumOfSquares", SUM("s" * "n") AS "crossSum", SUM("n" * "n") AS "sizeSquares"
    FROM (
      SELECT "abVariantId" AS "variantId", COALESCE("subjectId", "Execution"."id") AS "subject",
        CAST(COUNT(*) AS DOUBLE PRECISION) AS "n", SUM(CAST(${valueOf[metric]} AS DOUBLE PRECISION)) AS "s"
      FROM ${metric === 'RATING' ? rated : Prisma.sql`"Execution"`}
      WHERE "abTestId" = ${testId} AND "abVariantId" IS NOT NULL AND ${counted[metric]}
      GROUP BY "abVariantId", COALESCE("subjectId", "Execution"."id")
    ) AS "bySubject"
    GROUP BY "variantId"`;
  return new Map(
    rows.map(({ variantId, ...row }) => [
      variantId,
      {
        subjects: Number(row.subjects),
        values: Number(row.values),
        sum: Number(row.sum),
        sumOfSquares: Number(row.sumOfSquares),
        crossSum: Number(row.crossSum),
        sizeSquares: Number(row.sizeSquares),
      },
    ]),
  );
}

/** How many executions each variant has, whatever became of them. */
export async function executionsOf(prisma: PrismaClient, testId: string): Promise<Map<string, number>> {
  const counts = await prisma.execution.groupBy({
    by: ['abVariantId'],
    where: { abTestId: testId, abVariantId: { not: null } },
    _count: { _all: true },
  });
  return new Map(counts.map(({ abVariantId, _count }) => [abVariantId ?? '', _count._all]));
}

const rated = Prisma.sql`"Feedback" JOIN "Execution" ON "Execution"."id" = "Feedback"."executionId"`;

const valueOf: Readonly<Record<AbMetric, Prisma.Sql>> = {
  SUCCESS: Prisma.sql`CASE WHEN "state" = 'SUCCEEDED' THEN 1 ELSE 0 END`,
  RATING: Prisma.sql`"Feedback"."rating"`,
  LATENCY: Prisma.sql`"milliseconds"`,
  COST: Prisma.sql`"costUsd"`,
};

/** An output that was taken from the cache took no time and cost nothing: it says nothing about the variant. */
const counted: Readonly<Record<AbMetric, Prisma.Sql>> = {
  SUCCESS: Prisma.sql`"state" IN ('SUCCEEDED', 'FAILED')`,
  RATING: Prisma.sql`"Feedback"."rating" IS NOT NULL`,
  LATENCY: Prisma.sql`"state" = 'SUCCEEDED' AND NOT "isCached" AND "milliseconds" IS NOT NULL`,
  COST: Prisma.sql`"state" IN ('SUCCEEDED', 'FAILED') AND NOT "isCached" AND "costUsd" IS NOT NULL`,
};
