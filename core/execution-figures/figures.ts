import { Prisma, type PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Invalid } from '../errors.ts';
import { requireText } from '../prompts/plain-text.ts';

/** Which executions. All that is given must hold. */
export interface FiguresFilter {
  promptId?: string;
  promptVersionId?: string;
  abTestId?: string;
  batchId?: string;
  /** `plugin/model` */
  model?: string;
  sessionId?: string;
  userId?: string;
  /** Made from then on, and before then. Left out: the last thirty days. */
  from?: Date;
  to?: Date;
}

export type FiguresGroup = 'DAY' | 'MODEL' | 'PROMPT' | 'VERSION';

/** What executions of one group came to. */
export interface ExecutionFigures {
  /** Day (YYYY-MM-DD, UTC), `plugin/model`, or id of the prompt or version; null: of none. */
  group: string | null;
  executions: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  /** Of those that succeeded: answered from the output cache. */
  cached: number;
  inputTokens: number;
  outputTokens: number;
  /** Of those whose price is known. */
  costUsd: number;
  savedUsd: number;
  savedMilliseconds: number;
  /** From the start to the end, and to the first text, of those that a model has answered; null when there was none. Nearest rank. */
  millisecondsP50: number | null;
  millisecondsP95: number | null;
  firstTextAfterP50: number | null;
  firstTextAfterP95: number | null;
}

export interface ExecutionFiguresOptions {
  prisma: PrismaClient;
  /** Whether the database is a PostgreSQL one: days are counted in another way there. */
  isPostgresql: boolean;
}

const day = 24 * 60 * 60 * 1000;
const defaultDays = 30;
const mostDays = 400;
const mostGroups = 400;

const amount = z
  .union([z.number(), z.bigint()])
  .nullable()
  .transform((value) => Number(value ?? 0));
const orNothing = z.number().nullable();
const row = z.object({
  group: z.union([z.string(), z.number(), z.bigint()]).nullable(),
  ...{ executions: amount, succeeded: amount, failed: amount, cancelled: amount, cached: amount },
  ...{ inputTokens: amount, outputTokens: amount, costUsd: amount, savedUsd: amount, savedMilliseconds: amount },
  ...{ millisecondsP50: orNothing, millisecondsP95: orNothing, firstTextAfterP50: orNothing, firstTextAfterP95: orNothing },
});

/** Sums, times and costs of executions, by day or by what was executed. The database adds up; no row of an execution is read. */
export class ExecutionFiguresService {
  readonly #options: ExecutionFiguresOptions;

  constructor(options: ExecutionFiguresOptions) {
    this.#options = options;
  }

  /**
   * @returns by DAY: in the order of days, those without executions left out; otherwise: the most often executed first, at most 400
   * @throws NotFound, Invalid when the period is longer than 400 days or ends before it begins, or a text of the filter is none
   */
  async by(viewer: Viewer | null, projectId: string, group: FiguresGroup, filter: FiguresFilter = {}): Promise<ExecutionFigures[]> {
    requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
    requireText({ 'filter.model': filter.model, 'filter.sessionId': filter.sessionId });
    // A period that begins at midday has a part of one day more.
    const most = group === 'DAY' ? mostDays + 1 : mostGroups;
    const found = await this.#options.prisma.$queryRaw<unknown[]>`
      SELECT "group",
        COUNT(*) AS "executions",
        ${countOf(Prisma.sql`"state" = 'SUCCEEDED'`)} AS "succeeded",
        ${countOf(Prisma.sql`"state" = 'FAILED'`)} AS "failed",
        ${countOf(Prisma.sql`"state" = 'CANCELLED'`)} AS "cancelled",
        ${countOf(Prisma.sql`"isCached"`)} AS "cached",
        SUM("inputTokens") AS "inputTokens", SUM("outputTokens") AS "outputTokens", SUM("costUsd") AS "costUsd",
        SUM("savedUsd") AS "savedUsd", SUM("savedMilliseconds") AS "savedMilliseconds",
        ${percentile('timed', 50)} AS "millisecondsP50", ${percentile('timed', 95)} AS "millisecondsP95",
        ${percentile('begun', 50)} AS "firstTextAfterP50", ${percentile('begun', 95)} AS "firstTextAfterP95"
      FROM (
        SELECT *, ${placeOf('timed')}, ${placeOf('begun')}
        FROM (
          SELECT *, ${this.#groupOf(group)} AS "group",
            CASE WHEN "state" = 'SUCCEEDED' AND NOT "isCached" THEN "milliseconds" END AS "timed",
            CASE WHEN "state" = 'SUCCEEDED' AND NOT "isCached" THEN "firstTextAfter" END AS "begun"
          FROM "Execution" WHERE ${conditions(projectId, checkedPeriod(filter))}
        ) AS "chosen"
      ) AS "placed"
      GROUP BY "group" ORDER BY ${group === 'DAY' ? Prisma.sql`"group"` : Prisma.sql`"executions" DESC, "group"`} LIMIT ${most}`;
    return z
      .array(row)
      .parse(found)
      .map(({ group: name, ...figures }) => ({
        ...figures,
        group: group === 'DAY' ? dateOf(Number(name)) : (name && String(name)) || null,
      }));
  }

  #groupOf(group: FiguresGroup): Prisma.Sql {
    if (group === 'MODEL') return Prisma.sql`"model"`;
    if (group === 'PROMPT') return Prisma.sql`"promptId"`;
    if (group === 'VERSION') return Prisma.sql`"promptVersionId"`;
    // SQLite keeps points in time as milliseconds since 1970.
    return this.#options.isPostgresql
      ? Prisma.sql`floor(extract(epoch FROM "createdAt") / 86400)::integer`
      : Prisma.sql`"createdAt" / 86400000`;
  }
}

const dateOf = (days: number): string => new Date(days * day).toISOString().slice(0, 10);

const countOf = (condition: Prisma.Sql) => Prisma.sql`SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;

/** Place of a row within its group, and how many there are. */
const placeOf = (column: 'timed' | 'begun') =>
  Prisma.raw(
    `ROW_NUMBER() OVER (PARTITION BY "group" ORDER BY "${column}" ASC NULLS LAST) AS "${column}Place", COUNT("${column}") OVER (PARTITION BY "group") AS "${column}Count"`,
  );

/** The least value that so many of a hundred do not pass. */
const percentile = (column: 'timed' | 'begun', percent: number) =>
  Prisma.raw(`MAX(CASE WHEN "${column}Place" = ("${column}Count" * ${percent} + 99) / 100 THEN "${column}" END)`);

function conditions(projectId: string, { from, to, ...equal }: FiguresFilter & { from: Date; to: Date }): Prisma.Sql {
  const columns = ['promptId', 'promptVersionId', 'abTestId', 'batchId', 'model', 'sessionId', 'userId'] as const;
  const all = [Prisma.sql`"projectId" = ${projectId}`, Prisma.sql`"createdAt" >= ${from}`, Prisma.sql`"createdAt" < ${to}`];
  for (const column of columns) {
    const value = equal[column];
    if (value !== undefined) all.push(Prisma.sql`${Prisma.raw(`"${column}"`)} = ${value}`);
  }
  return Prisma.join(all, ' AND ');
}

function checkedPeriod(filter: FiguresFilter): FiguresFilter & { from: Date; to: Date } {
  const to = filter.to ?? new Date(Date.now() + 1000);
  const from = filter.from ?? new Date(to.getTime() - defaultDays * day);
  const refuse = (message: string) => {
    throw new Invalid(message, [{ path: 'filter.from', message }]);
  };
  if (from >= to) refuse('The period ends before it begins.');
  if (to.getTime() - from.getTime() > mostDays * day) refuse(`At most ${mostDays} days can be looked at together.`);
  return { ...filter, from, to };
}
