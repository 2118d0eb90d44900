import path from 'node:path';
import type { PrismaClient } from '@anneal/prisma';
import type { StudioConfig } from './config.ts';
import { ExperimentService } from './experiments/experiments.ts';
import type { FileLinks } from './files/links.ts';
import type { Logger } from './logger.ts';
import { CheckpointService } from './runs/checkpoints.ts';
import type { Launcher } from './runs/launcher.ts';
import { PlanService } from './runs/plans.ts';
import { RunRemoval } from './runs/removal.ts';
import { RunFiles } from './runs/run-files.ts';
import { RunKeeping } from './runs/run-keeping.ts';
import { RunService } from './runs/runs.ts';
import { detectPlaces, givenPlaces, type Places, type Slots } from './runs/slots.ts';
import type { TrainingSources } from './runs/sources.ts';
import type { Bus } from './streams/bus.ts';

/** Experiments, their runs, and what these leave behind. */
export interface Training {
  readonly experiments: ExperimentService;
  readonly runs: RunService;
  readonly runFiles: RunFiles;
  readonly checkpoints: CheckpointService;
  readonly plans: PlanService;
}

export interface TrainingParts {
  config: StudioConfig;
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  launcher: Launcher;
  links: FileLinks;
  sources: TrainingSources;
  folderOf: (runId: string) => string;
  /** Default: what the settings say; without that, one on each kind of device of this machine. */
  slots?: Slots;
  /** Between a crash and the second try. Milliseconds. */
  firstPause?: number;
}

/** @returns runKeeping: the duty to see to it that each run has a worker; sweepRuns: removes what deleted runs have left. */
export function createTraining(parts: TrainingParts): Training & { runKeeping: RunKeeping; sweepRuns: () => Promise<void> } {
  const { config, prisma, bus, logger, launcher, links, sources, folderOf, slots = config.slots, firstPause = 1000 } = parts;
  const { dataFolder } = config;
  const places = slots ? Promise.resolve(givenPlaces(slots)) : detected(logger);
  const runKeeping = new RunKeeping({ prisma, bus, logger, launcher, folderOf, places, firstPause });
  const removal = new RunRemoval({ prisma, logger, dataFolder, folderOf });
  const experiments = new ExperimentService(prisma, removal);
  return {
    experiments,
    runs: new RunService({ prisma, bus, experiments, supervisor: runKeeping, sources, removal, places, dataFolder, folderOf }),
    runFiles: new RunFiles({ links, folderOf, relativeTo: (file) => path.relative(dataFolder, file) }),
    checkpoints: new CheckpointService({ prisma, folderOf }),
    plans: new PlanService({ sources, dataFolder, logger }),
    runKeeping,
    sweepRuns: () => removal.sweep(),
  };
}

/** A machine that cannot be looked at has a processor all the same. */
const detected = (logger: Logger): Promise<Places> =>
  detectPlaces().catch((error: unknown) => {
    logger.error({ error }, 'the devices of this machine could not be found out; runs train on its processor');
    return givenPlaces({ cpu: 1 });
  });
