import { rename, rm, stat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { saveAdapter } from '../adapters/peft.ts';
import { savedTensors } from '../adapters/start-adapter.ts';
import { scoreHead } from '../adapters/whole-modules.ts';
import type { TrainingConfig } from '../config.ts';
import { saveModel } from '../models/save.ts';
import type { ArtifactEvent } from './events.ts';
import type { PreparedRun } from './prepare.ts';
import { unwritable } from './unwritable.ts';

/**
 * Writes what a run has learned into its folder: a PEFT adapter, or a whole model folder after full training.
 * @param step where the run stands. @param weightsStep whose weights the model has, where it is an earlier step.
 * @throws EngineError `RUN_FOLDER_UNUSABLE` where the disk is full or the folder cannot be written
 */
export async function saveArtifact(
  run: PreparedRun,
  config: TrainingConfig,
  folder: string,
  step: number,
  weightsStep?: number,
): Promise<ArtifactEvent> {
  try {
    return { type: 'artifact', step, weightsStep, ...(await write(run, config, folder)) };
  } catch (error) {
    throw unwritable('result', folder, error);
  }
}

async function write(run: PreparedRun, config: TrainingConfig, folder: string): Promise<Pick<ArtifactEvent, 'kind' | 'path' | 'bytes'>> {
  const kind = run.adapter ? 'adapter' : 'model';
  const relative = path.posix.join('artifacts', kind);
  const target = path.join(folder, relative);
  const aside = `${target}.partial`;
  await rm(aside, { recursive: true, force: true });
  if (run.adapterConfig) {
    await saveAdapter(aside, { config: run.adapterConfig, tensors: savedTensors(run.model, run.adapterConfig, run.trainable) });
  } else {
    const valueHead = run.trainable.find(({ name }) => name === scoreHead)?.data;
    await saveModel(aside, run.model, 'F32', run.modelFolder, valueHead);
  }
  await rm(target, { recursive: true, force: true });
  await rename(aside, target);
  return { kind, path: relative, bytes: await folderSize(target) };
}

async function folderSize(folder: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(folder)) total += (await stat(path.join(folder, name))).size;
  return total;
}
