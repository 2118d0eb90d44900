import { Prisma, type PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Invalid } from '../errors.ts';

/** What prompts and versions are ranked by, the best first. */
export type LeaderboardOrder = 'RATING' | 'SUCCESS' | 'COST' | 'LATENCY' | 'EXECUTIONS';

/** A rating counts as if so many people had given it the mean of all before anybody else did. Success likewise. */
export const priorWeight = 10;
/** Rows of a leaderboard. */
export const longestLeaderboard = 100;

export interface LeaderboardOptions {
  projectId: string;
  /** Only versions of this prompt. */
  promptId?: string;
  orderBy: LeaderboardOrder;
  /** When the executions were asked for: from, and before. */
  from?: Date;
  to?: Date;
  /** At most 100. */
  first: number;
}

/** What the executions of a prompt, or of a version, came to within a period. Answers from the cache count for success and rating only. */
export interface LeaderboardRow {
  /** Of the prompt, or of the version. */
  id: string;
  executions: number;
  succeeded: number;
  failed: number;
  /** Succeeded of those that succeeded or failed; null: none did. */
  successRate: number | null;
  ratings: number;
  /** 1–5; null: nobody gave one. */
  meanRating: number | null;
  /** (10 * mean of all + sum of its ratings) / (10 + number of its ratings); null: nobody gave any to any. */
  shrunkRating: number | null;
  /** USD an execution; null: not known. */
  meanCostUsd: number | null;
  totalCostUsd: number;
  /** An execution that succeeded; null: there is none. */
  meanMilliseconds: number | null;
}

const best: Readonly<Record<LeaderboardOrder, Prisma.Sql>> = {
  RATING: Prisma.sql`"ratings" = 0, "shrunkRating" DESC`,
  SUCCESS: Prisma.sql`"successRate" IS NULL, "shrunkSuccess" DESC`,
  COST: Prisma.sql`"meanCostUsd" IS NULL, "meanCostUsd"`,
  LATENCY: Prisma.sql`"meanMilliseconds" IS NULL, "meanMilliseconds"`,
  EXECUTIONS: Prisma.sql`"executions" DESC`,
};

/**
 * Ranks the prompts of a project, or versions, by what their executions came to. A mean of few ratings is drawn to the mean of all, so
 * that one happy person does not make a prompt the best. Counted in the database.
 * @throws Invalid, NotFound
 */
export async function leaderboard(
  prisma: PrismaClient,
  viewer: Viewer | null,
  of: 'prompts' | 'versions',
  { projectId, promptId, orderBy, from, to, first }: LeaderboardOptions,
): Promise<LeaderboardRow[]> {
  requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
  if (first < 1 || first > longestLeaderboard) {
    const message = `A leaderboard has 1 to ${longestLeaderboard} rows.`;
    throw new Invalid(message, [{ path: 'first', message }]);
  }
  const key = of === 'prompts' ? Prisma.sql`"Execution"."promptId"` : Prisma.sql`"Execution"."promptVersionId"`;
  const where = Prisma.join(
    [
      Prisma.sql`"Execution"."projectId" = ${projectId}`,
      Prisma.sql`${key} IS NOT NULL`,
      ...(promptId === undefined ? [] : [Prisma.sql`"Execution"."promptId" = ${promptId}`]),
      ...(from ? [Prisma.sql`"Execution"."createdAt" >= ${from}`] : []),
      ...(to ? [Prisma.sql`"Execution"."createdAt" < ${to}`] : []),
    ],
    ' AND ',
  );
  const rows = await prisma.$queryRaw<Row[]>`
    SELECT * FROM (
      SELECT "counted".*, COALESCE("rated"."ratings", 0) AS "ratings", "rated"."sum" / "rated"."ratings" AS "meanRating",
        "succeeded" * 1.0 / NULLIF("succeeded" + "failed", 0) AS "successRate",
        (${priorWeight} * (SUM("rated"."sum") OVER () / SUM("rated"."ratings") OVER ()) + COALESCE("rated"."sum", 0))
          / (${priorWeight} + COALESCE("rated"."ratings", 0)) AS "shrunkRating",
        (${priorWeight} * (SUM("succeeded") OVER () * 1.0 / NULLIF(SUM("succeeded" + "failed") OVER (), 0)) + "succeeded")
          / (${priorWeight} + "succeeded" + "failed") AS "shrunkSuccess"
      FROM (
        SELECT ${key} AS "id", COUNT(*) AS "executions",
          SUM(CASE WHEN "state" = 'SUCCEEDED' THEN 1 ELSE 0 END) AS "succeeded",
          SUM(CASE WHEN "state" = 'FAILED' THEN 1 ELSE 0 END) AS "failed",
          COALESCE(SUM("costUsd"), 0) AS "totalCostUsd",
          AVG(CASE WHEN "isCached" THEN NULL ELSE "costUsd" END) AS "meanCostUsd",
          AVG(CASE WHEN "state" = 'SUCCEEDED' AND NOT "isCached" THEN "milliseconds" ELSE NULL END) AS "meanMilliseconds"
        FROM "Execution" WHERE ${where} GROUP BY ${key}
      ) AS "counted"
      LEFT JOIN (
        SELECT ${key} AS "id", COUNT(*) AS "ratings", SUM(CAST("Feedback"."rating" AS DOUBLE PRECISION)) AS "sum"
        FROM "Feedback" JOIN "Execution" ON "Execution"."id" = "Feedback"."executionId" WHERE ${where} GROUP BY ${key}
      ) AS "rated" ON "rated"."id" = "counted"."id"
    ) AS "standing"
    ORDER BY ${best[orderBy]}, "executions" DESC, "id" LIMIT ${first}`;
  return rows.map(({ id, ...row }) => ({
    id,
    executions: Number(row.executions),
    succeeded: Number(row.succeeded),
    failed: Number(row.failed),
    successRate: optional(row.successRate),
    ratings: Number(row.ratings),
    meanRating: optional(row.meanRating),
    shrunkRating: optional(row.shrunkRating),
    meanCostUsd: optional(row.meanCostUsd),
    totalCostUsd: Number(row.totalCostUsd),
    meanMilliseconds: optional(row.meanMilliseconds),
  }));
}

/** Numbers come as the database has them: also as bigints, or as decimals in objects. */
type Numeric = number | bigint | Prisma.Decimal;
type Row = { id: string } & Record<Exclude<keyof LeaderboardRow, 'id'>, Numeric | null>;

const optional = (value: Numeric | null): number | null => (value === null ? null : Number(value));
