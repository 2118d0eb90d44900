import { Prisma, type PrismaClient } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import { HourlyDuty } from '../servers/hourly.ts';

export interface ExecutionRetentionOptions {
  prisma: PrismaClient;
  logger: Logger;
  /** Default: the real time. */
  now?: () => Date;
}

const day = 24 * 60 * 60 * 1000;
const rowsATime = 500;

/** Deletes what was asked and answered longer ago than each project wants to keep it. Figures stay. Expired outputs leave the cache. */
export class ExecutionRetention extends HourlyDuty {
  readonly #options: ExecutionRetentionOptions;

  constructor(options: ExecutionRetentionOptions) {
    super(options.logger, 'old executions could not be cleared; it is tried again');
    this.#options = options;
  }

  /** @returns how many executions lost their texts. */
  async sweep(): Promise<number> {
    const { prisma, now = () => new Date() } = this.#options;
    await prisma.cachedOutput.deleteMany({ where: { expiresAt: { lte: now() } } });
    const projects = await prisma.project.findMany({
      where: { executionRetentionDays: { not: null } },
      select: { id: true, executionRetentionDays: true },
    });
    let cleared = 0;
    for (const { id: projectId, executionRetentionDays } of projects) {
      const before = new Date(now().getTime() - (executionRetentionDays ?? 0) * day);
      await prisma.cachedOutput.deleteMany({ where: { projectId, createdAt: { lt: before } } });
      cleared += await this.#clear(projectId, before);
    }
    return cleared;
  }

  /** A few at a time, so that others come to write between. */
  async #clear(projectId: string, before: Date): Promise<number> {
    const { prisma, now = () => new Date() } = this.#options;
    let cleared = 0;
    while (!this.isStopped) {
      const old = await prisma.execution.findMany({
        where: { projectId, redactedAt: null, finishedAt: { lt: before } },
        select: { id: true },
        // In the order of the index on these three.
        orderBy: { finishedAt: 'asc' },
        take: rowsATime,
      });
      // Messages of errors quote values.
      const errors = { errorMessage: null, errorIssues: Prisma.DbNull };
      const texts = { variables: Prisma.DbNull, messages: Prisma.DbNull, systemPrompt: null, output: null, ...errors };
      const { count } = await prisma.execution.updateMany({
        where: { id: { in: old.map(({ id }) => id) } },
        data: { ...texts, redactedAt: now() },
      });
      cleared += count;
      if (old.length < rowsATime) break;
    }
    return cleared;
  }
}
