import path from 'node:path';
import { DatabaseError, openDatabase, type PrismaClient } from '@anneal/prisma';
import type { StudioConfig } from './config.ts';
import { openDataFolder } from './data-folder.ts';
import { Unavailable } from './errors.ts';
import { ExperimentService } from './experiments/experiments.ts';
import { createLogger, type Logger } from './logger.ts';
import { MetricService } from './metrics/metrics.ts';
import { LocalPlayground } from './playground/local-playground.ts';
import type { Playground } from './playground/playground.ts';
import { Quickstart } from './quickstart.ts';
import { JournalReader } from './runs/journal-reader.ts';
import type { Launcher } from './runs/launcher.ts';
import { LocalLauncher } from './runs/launcher-local.ts';
import { RunService } from './runs/runs.ts';
import { Supervisor } from './runs/supervisor.ts';
import { Bus } from './streams/bus.ts';
import { StreamService } from './streams/streams.ts';

/** Everything that a studio does. Lists and single rows are read through `prisma`; every change goes through a service. */
export interface Studio {
  readonly config: StudioConfig;
  readonly logger: Logger;
  readonly prisma: PrismaClient;
  readonly experiments: ExperimentService;
  readonly runs: RunService;
  readonly metrics: MetricService;
  readonly streams: StreamService;
  readonly quickstart: Quickstart;
  readonly playground: Playground;
  /** Stops looking after the runs; their workers go on, and the next studio takes them over. */
  close(): Promise<void>;
}

export interface StudioParts {
  /** Default: warnings and errors, as JSON on the standard error output. */
  logger?: Logger;
  /** Default: processes on this machine. */
  launcher?: Launcher;
  /** Runs that train at a time. Default 1. */
  slots?: number;
  /** Default: processes on this machine. */
  playground?: Playground;
}

/**
 * The composition root: opens the database, takes over the runs that are under way, and starts the queued ones.
 * @throws Unavailable when the data folder or the database cannot be used, Conflict when another studio uses the folder
 */
export async function createStudio(config: StudioConfig, parts: StudioParts = {}): Promise<Studio> {
  const { logger = createLogger(), launcher = new LocalLauncher(), slots = 1 } = parts;
  const { dataFolder } = config;
  const release = openDataFolder(dataFolder);
  const prisma = await open(config.databaseUrl).catch((error: unknown) => {
    release();
    throw error;
  });
  const folderOf = (runId: string) => path.join(dataFolder, 'runs', runId);
  const bus = new Bus();
  const reader = new JournalReader({ prisma, bus, logger, folderOf, onEnd: () => supervisor.wake() });
  const supervisor: Supervisor = new Supervisor({ prisma, bus, logger, launcher, reader, folderOf, slots });
  const experiments = new ExperimentService(prisma);
  const runs = new RunService({ prisma, bus, experiments, supervisor, dataFolder, folderOf });
  const playground = parts.playground ?? new LocalPlayground(prisma, folderOf);
  await supervisor.start();
  return {
    config,
    logger,
    prisma,
    experiments,
    runs,
    metrics: new MetricService(prisma),
    streams: new StreamService(prisma, bus),
    quickstart: new Quickstart(prisma, runs),
    playground,
    close: async () => {
      playground.close();
      await supervisor.close();
      await reader.close();
      await prisma.$disconnect();
      release();
    },
  };
}

async function open(databaseUrl: string): Promise<PrismaClient> {
  try {
    return await openDatabase(databaseUrl);
  } catch (error) {
    if (error instanceof DatabaseError) throw new Unavailable(error.message, { cause: error });
    throw error;
  }
}
