import { dataLocation } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import { bucketLength } from '../data/batches.ts';
import { loadPreferenceData, loadTrainingData } from '../data/dataset.ts';
import type { Report } from '../data/report.ts';
import type { MicroBatchRows, TrainingData } from '../data/training-data.ts';
import { exampleLength, plainExamples, type TrainingExample, type TrainingMethod } from '../methods/method.ts';
import type { ModelConfig } from '../models/model-config.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { type MicroBatch, packMicroBatch } from './micro-batch.ts';

/** Reads the dataset of a configuration, as its method wants it. */
export function loadRunData(
  config: TrainingConfig,
  method: TrainingMethod,
  tokenizer: () => Promise<Tokenizer>,
  model: ModelConfig,
  report?: Report,
): Promise<TrainingData<TrainingExample>> {
  const { batchSize, gradientAccumulation } = config.schedule;
  const shape = { batchSize, gradientAccumulation, seed: config.run.seed };
  const options = { tokenizer, model, ...shape, continues: method.data === 'text', report };
  return (method.data === 'preferences' ? loadPreferenceData : loadTrainingData)(config.data, options, dataLocation(config.data));
}

/** A micro-batch for the model: each row an example, or examples that are packed. */
export function collate(rows: MicroBatchRows<TrainingExample>, isPacked: boolean, method: TrainingMethod, padTokenId: number): MicroBatch {
  if (!isPacked) return method.collate(rows.flat(), padTokenId);
  const lengths = rows.map((row) => row.reduce((sum, example) => sum + exampleLength(example), 0));
  return packMicroBatch(rows.map(plainExamples), bucketLength(Math.max(...lengths)), padTokenId);
}
