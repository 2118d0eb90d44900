import { rename, rm, stat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { saveAdapter } from '../adapters/peft.ts';
import { savedTensors } from '../adapters/start-adapter.ts';
import { scoreHead } from '../adapters/whole-modules.ts';
import type { TrainingConfig } from '../config.ts';
import { saveModel } from '../models/save.ts';
import { latestCheckpoint } from './checkpoint.ts';
import type { ArtifactEvent, TrainingEvent } from './events.ts';
import type { PreparedRun } from './prepare.ts';
import type { Progress } from './progress.ts';
import { putBack } from './restore.ts';
import { unwritable } from './unwritable.ts';

/** What of a run is needed to save what it has learned. */
export type LearnedParts = Pick<PreparedRun, 'modelFolder' | 'model' | 'adapter' | 'adapterConfig' | 'trainable' | 'trainer'>;

/**
 * Saves what a run has learned: with the best weights where that is asked for and they were kept, with the last ones otherwise.
 * @param step where the run stands. @param best the step whose evaluation loss was lowest.
 * @throws EngineError `RUN_FOLDER_UNUSABLE` where the disk is full or the folder cannot be written
 */
export async function* saveLearned(
  run: LearnedParts,
  config: TrainingConfig,
  folder: string,
  { step, best }: { step: number; best: Progress['best'] },
): AsyncGenerator<TrainingEvent> {
  let weightsStep: number | undefined;
  if (config.run.keepBest && config.run.loadBest && best && best.step !== step) {
    const { checkpoint } = await latestCheckpoint(folder, best.step);
    if (checkpoint?.step === best.step) {
      putBack(run.trainer, checkpoint);
      weightsStep = best.step;
      const message = `What is saved has the weights of step ${best.step}, whose evaluation loss was lowest: ${best.loss.toFixed(4)}.`;
      yield { type: 'log', step, level: 'info', message };
    } else {
      const message = `The checkpoint of step ${best.step}, the best, is gone. What is saved has the last weights.`;
      yield { type: 'log', step, level: 'warn', message };
    }
  }
  yield await saveArtifact(run, config, folder, step, weightsStep);
}

/**
 * Writes what a run has learned into its folder: a PEFT adapter, or a whole model folder after full training.
 * @param step where the run stands. @param weightsStep whose weights the model has, where it is an earlier step.
 */
async function saveArtifact(
  run: LearnedParts,
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

async function write(run: LearnedParts, config: TrainingConfig, folder: string): Promise<Pick<ArtifactEvent, 'kind' | 'path' | 'bytes'>> {
  const kind = run.adapter ? 'adapter' : 'model';
  const relative = path.posix.join('artifacts', kind);
  const target = path.join(folder, relative);
  const aside = `${target}.partial`;
  await rm(aside, { recursive: true, force: true });
  await writeLearned(run, aside);
  await rm(target, { recursive: true, force: true });
  await rename(aside, target);
  return { kind, path: relative, bytes: await folderSize(target) };
}

/** Writes the trained part of a model into a new folder. */
export async function writeLearned(
  { model, modelFolder, adapterConfig, trainable }: Pick<PreparedRun, 'model' | 'modelFolder' | 'adapterConfig' | 'trainable'>,
  folder: string,
): Promise<void> {
  if (adapterConfig) {
    await saveAdapter(folder, { config: adapterConfig, tensors: savedTensors(model, adapterConfig, trainable) });
    return;
  }
  const valueHead = trainable.find(({ name }) => name === scoreHead)?.data;
  await saveModel(folder, model, 'F32', modelFolder, valueHead);
}

async function folderSize(folder: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(folder)) total += (await stat(path.join(folder, name))).size;
  return total;
}
