import { resolveModelFolder } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { trainingMethod } from '../methods/methods.ts';
import { loadModel } from '../models/load.ts';
import { writeLearned } from './artifact.ts';
import { readCheckpointTensors } from './checkpoint.ts';
import { trainedParts } from './trained-parts.ts';

/**
 * Makes of a checkpoint what the run would have produced had it ended there: a PEFT adapter, or a whole model folder after full training.
 * The run may go on meanwhile.
 * @param checkpoint its folder
 * @param target a new folder
 * @throws EngineError `CHECKPOINT_BROKEN`, `CHECKPOINT_MISMATCH` when the checkpoint belongs to another configuration, and as `loadModel`
 */
export async function artifactOfCheckpoint(config: TrainingConfig, checkpoint: string, target: string): Promise<'adapter' | 'model'> {
  const modelFolder = resolveModelFolder(config.model.base);
  const tensors = await readCheckpointTensors(checkpoint);
  const model = await loadModel(modelFolder, config.model);
  const parts = await trainedParts(model, config, trainingMethod(config.method));
  for (const { name, data } of parts.trainable) {
    const saved = tensors.get(name)?.data;
    if (saved?.length !== data.length)
      throw new EngineError('CHECKPOINT_MISMATCH', `Checkpoint ${checkpoint} does not fit the run: ${name} is missing or of another size.`);
    data.set(saved);
  }
  await writeLearned({ model, modelFolder, ...parts }, target);
  return parts.adapterConfig ? 'adapter' : 'model';
}
