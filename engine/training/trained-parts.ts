import { type AdapterTensor, type GraphAdapter, withoutDropout } from '../adapters/lora.ts';
import type { AdapterConfig } from '../adapters/peft-config.ts';
import { invalid } from '../adapters/names.ts';
import { freshHead, startAdapter } from '../adapters/start-adapter.ts';
import { outputProjection } from '../adapters/whole-modules.ts';
import type { TrainingConfig } from '../config.ts';
import type { TensorData } from '../graph/types.ts';
import type { TrainingMethod } from '../methods/method.ts';
import { type LoadedModel, weightData } from '../models/load.ts';

/** What of a model is trained, and what it is compared with. */
export interface TrainedParts {
  /** Undefined when the model's own weights are trained. */
  adapter?: GraphAdapter;
  adapterConfig?: AdapterConfig;
  /** Changed in place. */
  trainable: readonly AdapterTensor[];
  /** The model before training, for methods that ask for it; undefined where that is the model without the adapter. */
  reference?: { adapter?: GraphAdapter; weights: ReadonlyMap<string, TensorData> };
  warnings: readonly string[];
}

/**
 * Sets up the trained part of a model as the configuration, which `checkFullTraining` has seen, asks for.
 * @throws EngineError as `startAdapter`
 */
export async function trainedParts(model: LoadedModel, config: TrainingConfig, method: TrainingMethod): Promise<TrainedParts> {
  const seed = config.run.seed;
  const valuesTexts = method.valuesTexts ?? false;
  if (config.method.trainable === 'full') {
    const trainable = [...allWeights(model, valuesTexts), ...(valuesTexts ? [freshHead(model.config.hiddenSize, seed)] : [])];
    return { trainable, reference: method.reference && { weights: frozen(trainable) }, warnings: [] };
  }
  const started = await startAdapter(model, { settings: config.method, baseModel: config.model.base, seed, valuesTexts });
  const { adapter, trainable, warnings } = started;
  const reference = () => ({ adapter: withoutDropout(adapter), weights: new Map([...weightData(model), ...frozen(trainable)]) });
  // A fresh adapter changes nothing.
  return {
    adapter,
    adapterConfig: started.config,
    trainable,
    reference: method.reference && config.method.initAdapter !== '' ? reference() : undefined,
    warnings,
  };
}

/** @throws EngineError CONFIG_INVALID where every weight is to be trained, and the rest of the configuration does not fit that. */
export function checkFullTraining({ method, model }: TrainingConfig): void {
  if (method.trainable !== 'full') return;
  refuseLoraSettings(method);
  if (model.storage !== 'float32')
    throw invalid('model.storage', `It is ${model.storage}, but training every weight needs float32. Take that, or LoRA.`);
}

/** What would change nothing. */
function refuseLoraSettings({ initAdapter, dora, rsLora, dropout, modulesToSave }: TrainingConfig['method']): void {
  const given = { initAdapter: initAdapter !== '', dora, rsLora, dropout: dropout > 0, modulesToSave: modulesToSave.length > 0 };
  const [field] = Object.entries(given).find(([, isGiven]) => isGiven) ?? [];
  if (field) throw invalid(`method.${field}`, 'It belongs to LoRA. Leave it out, or set method.trainable to "lora".');
}

const frozen = (tensors: readonly AdapterTensor[]) => new Map(tensors.map(({ name, data }) => [name, data.slice()]));

/** A model that values texts has no use for an output projection of its own. */
function allWeights(model: LoadedModel, valuesTexts: boolean): AdapterTensor[] {
  const shapes = model.family.parameters(model.config);
  return [...model.weights]
    .filter(([name]) => !(valuesTexts && name === outputProjection))
    .map(([name, data]) => ({ name, shape: shapes.get(name) ?? [data.length], data }));
}
