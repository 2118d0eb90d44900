import { resolveModelFolder } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { trainingMethod } from '../methods/methods.ts';
import { loadModel } from '../models/load.ts';
import { type LearnedParts, saveLearned } from './artifact.ts';
import { latestCheckpoint } from './checkpoint.ts';
import type { TrainingEvent } from './events.ts';
import { loadOptions } from './prepare.ts';
import { restore } from './restore.ts';
import { trainedParts } from './trained-parts.ts';
import { Trainer } from './trainer.ts';

/**
 * Ends a run that is not at work, as cancelled: what it had learned by its newest checkpoint is saved as its result. Nothing is computed,
 * and the dataset is not looked at. Where that cannot be saved a warning says why.
 */
export async function* endFromCheckpoint(config: TrainingConfig, folder: string): AsyncGenerator<TrainingEvent> {
  const step = (await latestCheckpoint(folder)).checkpoint?.step ?? 0;
  try {
    if (step > 0) yield* saveFrom(config, folder);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    yield { type: 'log', step, level: 'warn', message: `What the run has learned by step ${step} cannot be saved: ${error.message}` };
  }
  yield { type: 'cancelled', step };
}

async function* saveFrom(config: TrainingConfig, folder: string): AsyncGenerator<TrainingEvent> {
  const run = await learnedParts(config, folder);
  const { restored } = await restore(run.trainer, config, folder);
  if (restored) yield* saveLearned(run, config, folder, { step: restored.checkpoint.step, best: restored.progress.best });
}

async function learnedParts(config: TrainingConfig, folder: string): Promise<LearnedParts> {
  const modelFolder = resolveModelFolder(config.model.base);
  const model = await loadModel(modelFolder, loadOptions(config, folder));
  const method = trainingMethod(config.method);
  const { reference, warnings: _warnings, ...parts } = await trainedParts(model, config, method);
  const trainer = new Trainer({ model, ...parts, reference, method, optimizer: config.optimizer });
  return { modelFolder, model, ...parts, trainer };
}
