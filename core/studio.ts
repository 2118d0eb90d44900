import path from 'node:path';
import { DatabaseError, isShared, openDatabase, type PrismaClient } from '@anneal/prisma';
import { type Accounting, createAccounting } from './accounting.ts';
import type { StudioConfig } from './config.ts';
import { createData, type Data } from './data.ts';
import { openDataFolder } from './data-folder.ts';
import { Unavailable } from './errors.ts';
import { createExecutionLife, type ExecutionLife } from './execution-life.ts';
import { HardwareService } from './hardware/hardware.ts';
import { createLogger, type Logger } from './logger.ts';
import { createMeasuring, type Measuring } from './measuring.ts';
import { ensureFirstUser } from './identity/local-user.ts';
import { createModels, type Models } from './models.ts';
import { createPeople, type People } from './people.ts';
import { createPlugins, type PluginLife } from './plugin-life.ts';
import { createPromptLife, type PromptLife } from './prompt-life.ts';
import { LocalPlayground } from './playground/local-playground.ts';
import type { Playground } from './playground/playground.ts';
import { Quickstart } from './quickstart.ts';
import type { Launcher } from './runs/launcher.ts';
import { LocalLauncher } from './runs/launcher-local.ts';
import type { Slots } from './runs/slots.ts';
import type { TrainingSources } from './runs/sources.ts';
import { Duties } from './servers/duties.ts';
import { Bus } from './streams/bus.ts';
import { SharedBus } from './streams/shared-bus.ts';
import { StreamService } from './streams/streams.ts';
import { createTraining, type Training } from './training.ts';

/** Everything that a studio does. Lists and single rows are read through `prisma`; every change goes through a service. */
export interface Studio extends People, Models, Data, Training, Measuring, Accounting, PromptLife, PluginLife, ExecutionLife {
  readonly config: StudioConfig;
  readonly logger: Logger;
  readonly prisma: PrismaClient;
  readonly streams: StreamService;
  readonly hardware: HardwareService;
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
  /** Runs that train at a time, on each kind of device; a number: on the processor. Default: what the settings say. */
  slots?: number | Slots;
  /** Between a crash of a worker and the second try. Default 1,000 milliseconds. */
  firstPause?: number;
  /** Default: processes on this machine. */
  playground?: Playground;
  /** Lets datasets be fetched from 127.0.0.1: for tests, which have no other server. */
  allowLoopbackUrls?: boolean;
}

/**
 * The composition root: opens the database, takes over the runs that are under way, and starts the queued ones.
 * @throws Unavailable when the data folder or the database cannot be used, Conflict when another studio uses the folder
 */
export async function createStudio(config: StudioConfig, parts: StudioParts = {}): Promise<Studio> {
  const { logger = createLogger(config.logLevel), launcher = new LocalLauncher(), firstPause } = parts;
  const slots = typeof parts.slots === 'number' ? { cpu: parts.slots } : parts.slots;
  const { dataFolder } = config;
  const shared = isShared(config.databaseUrl);
  const release = openDataFolder(dataFolder, { shared });
  const prisma = await open(config.databaseUrl, logger).catch((error: unknown) => {
    release();
    throw error;
  });
  await ensureFirstUser(prisma);
  const folderOf = (runId: string) => path.join(dataFolder, 'runs', runId);
  const bus = shared ? new SharedBus(config.databaseUrl, logger) : new Bus();
  const people = createPeople({ config, prisma, bus, logger, folderOf });
  const { startData, closeData, ...data } = createData({
    config,
    prisma,
    logger,
    findModel: (...model) => models.baseModels.find(...model),
    allowLoopbackUrls: parts.allowLoopbackUrls,
  });
  const { uploads } = data;
  const { downloading, ownModels, sweepModels, ...models } = createModels({ prisma, bus, logger, dataFolder, folderOf, uploads });
  const sources: TrainingSources = {
    trainingFile: (...version) => data.datasetUse.trainingFile(...version),
    holdDataset: (...version) => data.datasetUse.hold(...version),
    trainingFolder: (...model) => models.baseModels.trainingFolder(...model),
  };
  const places = { folderOf, links: data.links, sources, slots, firstPause };
  const { runKeeping, sweepRuns, ...training } = createTraining({ config, prisma, bus, logger, launcher, ...places });
  const { experiments } = training;
  const { retention, ...measuring } = createMeasuring({
    prisma,
    bus,
    logger,
    links: data.links,
    experiments,
    retentionDays: config.metricRetentionDays,
  });
  const { outputCache, executionRetention, ...accounting } = createAccounting({ prisma, logger, databaseUrl: config.databaseUrl });
  const { openPlugins, closePlugins, ...pluginLife } = createPlugins({ config, prisma, bus, logger, ownModels });
  const { languageModels } = pluginLife;
  const { closePrompts, ...promptLife } = createPromptLife({ prisma, isPostgresql: shared, logger, languageModels });
  const { executionTexts, executionDuties, closeExecutions, ...executionLife } = createExecutionLife({
    ...{ databaseUrl: config.databaseUrl, prisma, bus, logger, links: data.links, datasetUse: data.datasetUse },
    ...{ languageModels, promptUse: promptLife.promptUse, abTests: promptLife.abTests },
    ...{ outputCache, prices: accounting.prices, firstPause },
  });
  const duties = new Duties([runKeeping, downloading, retention, executionRetention, ...executionDuties], logger);
  const playground = parts.playground ?? new LocalPlayground(prisma, folderOf);
  await startData();
  await openPlugins();
  await duties.start(config.databaseUrl);
  await sweepRuns();
  await sweepModels();
  return {
    config,
    logger,
    prisma,
    ...people,
    ...models,
    ...data,
    ...training,
    ...measuring,
    ...accounting,
    ...promptLife,
    ...pluginLife,
    ...executionLife,
    streams: new StreamService(prisma, bus, executionTexts),
    hardware: new HardwareService({ dataFolder }),
    quickstart: new Quickstart(prisma, training.runs),
    playground,
    close: async () => {
      playground.close();
      await duties.close();
      await closeExecutions();
      await closePrompts();
      await closePlugins();
      await closeData();
      await people.apiKeyUsage.flush();
      await bus.close();
      await prisma.$disconnect();
      release();
    },
  };
}

async function open(databaseUrl: string, logger: Logger): Promise<PrismaClient> {
  try {
    return await openDatabase(databaseUrl, { onWait: (message) => logger.warn(message) });
  } catch (error) {
    if (error instanceof DatabaseError) throw new Unavailable(error.message, { cause: error });
    throw error;
  }
}
