import { resolveModelFolder } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import type { Device } from '../hardware/device.ts';
import { detectGpus } from '../hardware/gpus.ts';
import { detectMemory } from '../hardware/memory.ts';
import { families } from '../models/families.ts';
import { countParameters } from '../models/load.ts';
import { readModelConfig } from '../models/model-config.ts';
import { inGibibytes, memoryWarning } from './advice.ts';
import { recall, remember } from './cache.ts';
import { diskUse, type DiskUse } from './disk-use.ts';
import { forecast, type Forecast, type MemoryParts, type SmallerSetting } from './forecast.ts';
import { measure, type Measured } from './measure.ts';
import { runTime, type RunTime } from './run-time.ts';

export interface PlanOptions {
  /** What an hour of this machine costs, in any currency. */
  pricePerHour?: number;
  /** Where the run will write; its disk is looked at. */
  folder?: string;
  /** Measures even where a measurement of the last days is known. */
  fresh?: boolean;
}

/** What a run will take. Sizes are bytes, times seconds. */
export interface TrainingPlan {
  parameters: number;
  trainableParameters: number;
  /** 0 to 1 */
  trainableShare: number;
  /** What the steps are computed on. */
  device: Device;
  memory: {
    /** Highest resident memory of the training process. */
    peak: number;
    parts: MemoryParts;
    available: number;
    fits: boolean;
    /** What it would be with a setting changed. */
    smaller: readonly SmallerSetting[];
  };
  time: RunTime & {
    /** Whether steps were timed on this machine; where they would have taken too long, times follow from the rate of its matrix products. */
    isMeasured: boolean;
  };
  disk: DiskUse;
  dataset: {
    rows: number;
    /** Counted; where not, estimated from a sample and the size of the files. */
    isCounted: boolean;
  };
  /** Null where no price was named. */
  cost: number | null;
  /** What stands in the way, and what to change. */
  warnings: readonly string[];
}

/**
 * Says before a run what it will take. It reads the model's config.json, the headers of its weights and a sample of the
 * dataset, and trains slices of the model for some seconds; what was measured is kept and used again.
 * @throws EngineError where the run could not start either
 */
export async function plan(config: TrainingConfig, { pricePerHour, folder, fresh = false }: PlanOptions = {}): Promise<TrainingPlan> {
  const modelFolder = resolveModelFolder(config.model.base);
  const model = await readModelConfig(modelFolder);
  const parameters = countParameters(families[model.architecture].parameters(model).values());
  const measured = (fresh ? null : recall(config)) ?? (await measureAndRemember(config));
  const known = forecast(measured, model.layers, config.schedule.gradientAccumulation);
  const { available } = await detectMemory();
  const time = { ...runTime(config, measured, known), isMeasured: known.isMeasured };
  const disk = await diskUse(config, known, parameters, folder);
  const warnings = [
    memoryWarning(config, known.peakMemory, available, known.smaller),
    measured.few.device === 'cuda' ? await gpuWarning(config, known) : null,
    disk.available !== null && disk.available < disk.total
      ? `The run will write ${inGibibytes(disk.total)}, and the disk of ${folder ?? ''} has ${inGibibytes(disk.available)} left. Make room, or keep fewer checkpoints (run.keepCheckpoints).`
      : null,
  ].filter((warning) => warning !== null);
  return {
    parameters,
    trainableParameters: known.trainableParameters,
    trainableShare: known.trainableParameters / (parameters + (config.method.trainable === 'full' ? 0 : known.trainableParameters)),
    device: measured.few.device,
    memory: { peak: known.peakMemory, parts: known.memory, available, fits: known.peakMemory <= available, smaller: known.smaller },
    time,
    disk,
    dataset: { rows: measured.sample.totalRows, isCounted: measured.sample.isWhole },
    cost: pricePerHour === undefined ? null : (time.total / 3600) * pricePerHour,
    warnings,
  };
}

/** Everything but the program lies in the GPU's own memory. */
async function gpuWarning(config: TrainingConfig, { peakMemory, memory, smaller }: Forecast): Promise<string | null> {
  const { gpus } = await detectGpus();
  const available = gpus[0]?.availableMemory ?? null;
  if (available === null) return null;
  const { runtime } = memory;
  const onGpu = smaller.map((setting) => ({ ...setting, peakMemory: setting.peakMemory - runtime }));
  const warning = memoryWarning(config, peakMemory - runtime, available, onGpu);
  return warning === null ? null : `On the GPU: ${warning}`;
}

async function measureAndRemember(config: TrainingConfig): Promise<Measured> {
  const measured = await measure(config);
  remember(config, measured);
  return measured;
}
