import fs from 'node:fs/promises';
import type { TrainingConfig } from '../config.ts';
import type { Forecast } from './forecast.ts';

/** What a run writes, bytes. */
export interface DiskUse {
  /** All that are kept at the same time, and the one that is being written. */
  checkpoints: number;
  /** The adapter, or the model. */
  artifact: number;
  /** Frozen weights in a smaller form, kept for the next start. */
  storedWeights: number;
  total: number;
  /** What is free where the run writes; null where that is not known. */
  available: number | null;
}

/**
 * @param parameters of the whole model
 * @param folder where the run will write, or a folder around it
 */
export async function diskUse(config: TrainingConfig, known: Forecast, parameters: number, folder?: string): Promise<DiskUse> {
  const { keepCheckpoints, keepBest } = config.run;
  // Beside the newest: one while it is written, the best, and the one that the guard would go back to.
  const kept = keepCheckpoints + 1 + (keepBest && config.data.validationShare > 0 ? 1 : 0) + (config.guard.enabled ? 1 : 0);
  const checkpoints = kept * known.checkpoint;
  // A whole model is written in single precision.
  const artifact = config.method.trainable === 'full' ? 4 * parameters : known.memory.trained;
  // Other forms are made anew at each start.
  const storedWeights = ['int8', 'nf4'].includes(config.model.storage) ? known.memory.weights : 0;
  const available = folder === undefined ? null : await freeSpace(folder);
  return { checkpoints, artifact, storedWeights, total: checkpoints + artifact + storedWeights, available };
}

async function freeSpace(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await fs.statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
