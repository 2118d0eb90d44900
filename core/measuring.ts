import type { PrismaClient } from '@anneal/prisma';
import type { ExperimentService } from './experiments/experiments.ts';
import type { FileLinks } from './files/links.ts';
import type { Logger } from './logger.ts';
import { MetricExport } from './metrics/export.ts';
import { LoggedRunService } from './metrics/logged-runs.ts';
import { MetricService } from './metrics/metrics.ts';
import { MetricRetention } from './metrics/retention.ts';
import type { Bus } from './streams/bus.ts';

/** What runs measure, and runs that are only measured here. */
export interface Measuring {
  readonly metrics: MetricService;
  readonly loggedRuns: LoggedRunService;
  readonly metricExport: MetricExport;
}

export interface MeasuringParts {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  links: FileLinks;
  experiments: ExperimentService;
  /** Days that points of ended runs are kept; 0: for ever. */
  retentionDays: number;
}

/** @returns retention: the duty to remove what is old */
export function createMeasuring(parts: MeasuringParts): Measuring & { retention: MetricRetention } {
  const { prisma, bus, logger, links, experiments, retentionDays: days } = parts;
  return {
    metrics: new MetricService(prisma),
    loggedRuns: new LoggedRunService({ prisma, bus, experiments }),
    metricExport: new MetricExport({ prisma, links }),
    retention: new MetricRetention({ prisma, logger, days }),
  };
}
