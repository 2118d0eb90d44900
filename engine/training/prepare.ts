import { initialLoraTensors, isTarget, loraTensors } from '../adapters/lora.ts';
import { bundledInstructions, resolveModelFolder } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import { loadDataset } from '../data/dataset.ts';
import type { Example } from '../data/example.ts';
import { EngineError } from '../errors.ts';
import type { GraphAdapter } from '../models/context.ts';
import { loadModel, type LoadedModel } from '../models/load.ts';
import { loadTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { Trainer, type TrainableTensor } from './trainer.ts';

/** Everything that a run trains with, in memory. */
export interface PreparedRun {
  modelFolder: string;
  model: LoadedModel;
  tokenizer: Tokenizer;
  train: readonly Example[];
  validation: readonly Example[];
  /** What the data reader wants to be known, e.g. rows that were cut. */
  warnings: readonly string[];
  adapter?: GraphAdapter;
  trainable: readonly TrainableTensor[];
  trainer: Trainer;
}

/** Reads model, tokenizer and dataset of a configuration and sets up what is trained. */
export async function prepareRun(config: TrainingConfig): Promise<PreparedRun> {
  const modelFolder = resolveModelFolder(config.model.base);
  const model = await loadModel(modelFolder);
  const tokenizer = await loadTokenizer(modelFolder);
  if (tokenizer.vocabularySize > model.config.vocabularySize) {
    const counts = `${tokenizer.vocabularySize} tokens, the model has ${model.config.vocabularySize} embeddings`;
    throw new EngineError('MODEL_BROKEN', `${modelFolder}: tokenizer.json knows ${counts}. Take both from the same model.`);
  }
  const source = config.data.path === 'bundled' ? { rows: bundledInstructions() } : { path: config.data.path };
  const { train, validation, warnings } = await loadDataset(source, config.data, tokenizer, { seed: config.run.seed });
  const { adapter, trainable } = config.method.trainable === 'lora' ? loraOn(model, config) : { trainable: allWeights(model) };
  const trainer = new Trainer({ model, adapter, trainable, optimizer: config.optimizer, threads: config.run.threads });
  return { modelFolder, model, tokenizer, train, validation, warnings, adapter, trainable, trainer };
}

function loraOn(model: LoadedModel, config: TrainingConfig): { adapter: GraphAdapter; trainable: TrainableTensor[] } {
  const parameters = model.family.parameters(model.config);
  const layers = [...parameters.keys()].map((name) => name.replace(/\.weight$/, ''));
  const unknown = config.method.targetModules.filter((target) => !layers.some((layer) => isTarget(layer, [target])));
  if (unknown.length > 0) {
    const issues = [{ path: 'method.targetModules', message: `The model has no layer named ${unknown.join(', ')}.` }];
    throw new EngineError('CONFIG_INVALID', `The configuration is not valid: method.targetModules: ${issues[0]?.message ?? ''}`, {
      issues,
    });
  }
  const tensors = loraTensors(parameters, config.method);
  const initial = initialLoraTensors(tensors, config.run.seed);
  const trainable = tensors.map(({ name, shape }) => ({ name, shape, data: initial.get(name) ?? new Float32Array() }));
  return { adapter: { settings: config.method, tensors: new Map(tensors.map(({ name, shape }) => [name, shape])) }, trainable };
}

function allWeights(model: LoadedModel): TrainableTensor[] {
  const shapes = model.family.parameters(model.config);
  return [...model.weights].map(([name, data]) => ({ name, shape: shapes.get(name) ?? [data.length], data }));
}
