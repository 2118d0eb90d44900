import { isShared, type PrismaClient } from '@anneal/prisma';
import { ExecutionFiguresService } from './execution-figures/figures.ts';
import { ExecutionPolicyService } from './execution-keeping/policy.ts';
import { ExecutionRetention } from './execution-keeping/retention.ts';
import type { Logger } from './logger.ts';
import { CacheStatisticsService } from './output-cache/cache-statistics.ts';
import { OutputCache } from './output-cache/output-cache.ts';
import { PriceService } from './prices/prices.ts';

/** What executions cost and come to, and what is kept of them. */
export interface Accounting {
  readonly prices: PriceService;
  readonly cacheStatistics: CacheStatisticsService;
  readonly executionFigures: ExecutionFiguresService;
  readonly executionPolicy: ExecutionPolicyService;
}

/** @returns outputCache: for whoever executes; executionRetention: the duty to delete what is old */
export function createAccounting({
  prisma,
  logger,
  databaseUrl,
}: {
  prisma: PrismaClient;
  logger: Logger;
  databaseUrl: string;
}): Accounting & {
  outputCache: OutputCache;
  executionRetention: ExecutionRetention;
} {
  return {
    prices: new PriceService(prisma),
    outputCache: new OutputCache(prisma),
    cacheStatistics: new CacheStatisticsService(prisma),
    executionFigures: new ExecutionFiguresService({ prisma, isPostgresql: isShared(databaseUrl) }),
    executionPolicy: new ExecutionPolicyService(prisma),
    executionRetention: new ExecutionRetention({ prisma, logger }),
  };
}
