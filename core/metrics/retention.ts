import { setTimeout } from 'node:timers/promises';
import type { PrismaClient } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import { HourlyDuty } from '../servers/hourly.ts';
import { stepsOf, topLevel } from './rollups.ts';

export interface RetentionOptions {
  prisma: PrismaClient;
  logger: Logger;
  /** Points of runs that ended longer ago are removed; 0: never. */
  days: number;
  /** Default: the real time. */
  now?: () => Date;
}

const day = 24 * 60 * 60 * 1000;
/** Steps of one curve in one transaction, and the time that others have before the next. */
const levelAPiece = 3;
const breath = 20;
const runsALook = 100;

/**
 * Removes the points of runs that ended long ago, in the background and in small pieces. Their rollups stay, so curves are still there,
 * with 16 steps to a bucket at least.
 */
export class MetricRetention extends HourlyDuty {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    super(options.logger, 'old metrics could not be removed; it is tried again');
    this.#options = options;
  }

  override async start(): Promise<void> {
    if (this.#options.days > 0) await super.start();
  }

  /** Goes on where an earlier one was cut off. @returns how many runs were thinned. */
  async sweep(): Promise<number> {
    const { prisma, days, now = () => new Date() } = this.#options;
    if (days <= 0) return 0;
    const before = new Date(now().getTime() - days * day);
    let thinned = 0;
    for (;;) {
      const runs = await prisma.run.findMany({
        where: { finishedAt: { lt: before }, points: { some: {} } },
        select: { id: true, thinnedAt: true },
        take: runsALook,
      });
      for (const { id, thinnedAt } of runs) {
        // Readers are told first: from then on they read nothing that may be gone.
        if (!thinnedAt) await prisma.run.update({ where: { id }, data: { thinnedAt: now() }, select: { id: true } });
        if (!(await this.#thin(id))) return thinned;
        thinned += 1;
      }
      if (runs.length < runsALook) return thinned;
    }
  }

  /** @returns whether it came to its end. */
  async #thin(runId: string): Promise<boolean> {
    const { prisma } = this.#options;
    const curves = await prisma.metricRollup.groupBy({ by: ['key', 'rank'], where: { runId, level: topLevel } });
    for (const { key, rank } of curves) {
      const pieces = await prisma.metricRollup.findMany({
        where: { runId, key, rank, level: levelAPiece },
        select: { fromStep: true, toStep: true },
      });
      for (const { fromStep, toStep } of pieces) {
        const { count } = await prisma.metricPoint.deleteMany({ where: { runId, key, rank, step: { gte: fromStep, lte: toStep } } });
        if (count >= stepsOf(1)) await setTimeout(breath);
        if (this.isStopped) return false;
      }
    }
    return true;
  }
}
