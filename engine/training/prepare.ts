import path from 'node:path';
import { resolveModelFolder } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import type { Report } from '../data/report.ts';
import type { TrainingData } from '../data/training-data.ts';
import { EngineError } from '../errors.ts';
import type { TrainingExample, TrainingMethod } from '../methods/method.ts';
import { trainingMethod } from '../methods/methods.ts';
import { checkTokenizer } from '../models/check-tokenizer.ts';
import { loadModel, type LoadedModel, type LoadOptions } from '../models/load.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { checkInt8Products } from '../quantization/check-products.ts';
import type { ChosenRuntime } from '../runtimes/runtime.ts';
import { chooseRuntime } from '../runtimes/runtimes.ts';
import { foreseeShortage } from '../plan/foresee-shortage.ts';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { loadRunData } from './run-data.ts';
import { checkFullTraining, type TrainedParts, trainedParts } from './trained-parts.ts';
import { Trainer } from './trainer.ts';

/** Everything that a run trains with. */
export interface PreparedRun extends Omit<TrainedParts, 'reference' | 'warnings'> {
  modelFolder: string;
  model: LoadedModel;
  /** What sequences are padded with. */
  padTokenId: number;
  method: TrainingMethod;
  /** To be closed. */
  data: TrainingData<TrainingExample>;
  /** What a person should know before training, e.g. rows that were cut. */
  warnings: readonly string[];
  trainer: Trainer;
  /** What computes the steps. */
  runtime: ChosenRuntime;
}

/**
 * Reads model, tokenizer and dataset of a configuration and sets up what is trained.
 * @param folder the run folder, where quantised weights are kept in `base`; not kept if left out.
 * @param report how far what takes long is
 */
export async function prepareRun(config: TrainingConfig, folder?: string, report?: Report): Promise<PreparedRun> {
  // Refused before a large model is read and quantised.
  checkFullTraining(config);
  const modelFolder = resolveModelFolder(config.model.base);
  // A device is tried in a process of its own, meanwhile.
  const choosing = chooseRuntime(config.run.runtime, config.run);
  // The same for what this processor computes wrong.
  const slow = config.model.products === 'int8' ? await checkInt8Products(await choosing) : null;
  const [runtime, model, tokenizer] = await Promise.all([
    choosing,
    loadModel(modelFolder, loadOptions(config, folder)),
    // Token ids need none.
    config.data.format === 'tokens' ? null : loadTokenizer(modelFolder),
  ]);
  if (tokenizer) checkTokenizer(modelFolder, tokenizer, model.config);
  // Rows of tokens are not cut to a length; their own is looked at while they are read.
  if (config.data.format !== 'tokens') checkLength(config.data.maxLength, model.config);
  const method = trainingMethod(config.method);
  const openTokenizer = () => (tokenizer ? Promise.resolve(tokenizer) : loadTokenizer(modelFolder));
  const data = await loadRunData(config, method, openTokenizer, model.config, report);
  const { reference, warnings: remarks, ...parts } = await trainedParts(model, config, method);
  const { threads } = config.run;
  const trainer = new Trainer({
    model,
    ...parts,
    reference,
    method,
    optimizer: config.optimizer,
    seed: config.run.seed,
    threads,
    gradientCheckpointing: config.run.gradientCheckpointing,
    ...runtime,
  });
  const padTokenId = tokenizer?.padTokenId ?? 0;
  const shortage = await foreseeShortage({ model, padTokenId, method, data, ...parts, runtime }, config);
  const warnings = [slow ?? [], model.warnings ?? [], data.warnings, remarks, shortage ?? []].flat();
  return { modelFolder, model, padTokenId, method, data, warnings, ...parts, trainer, runtime };
}

/** How the base of a run is read. */
export const loadOptions = ({ model }: TrainingConfig, folder?: string): LoadOptions => ({
  ...model,
  cacheFolder: folder === undefined ? undefined : path.join(folder, 'base'),
});

/** @throws EngineError CONFIG_INVALID when sequences may get longer than the model's positions. */
function checkLength(maxLength: number, { maxPositions }: ModelConfig): void {
  if (maxLength <= maxPositions) return;
  const message = `It is ${maxLength}, but the model's positions end at ${maxPositions}. Give at most ${maxPositions}.`;
  throw new EngineError('CONFIG_INVALID', `The configuration is not valid: data.maxLength: ${message}`, {
    issues: [{ path: 'data.maxLength', message }],
  });
}
