import { outputProjection, scoreHead } from '../adapters/whole-modules.ts';
import { nf4Block } from '../graph/ops/stored-weights.ts';
import type { TensorData } from '../graph/types.ts';
import { assembleWeight, partName, quantizeWeight, type StorageOptions, type StoredWeight } from '../quantization/stored-weight.ts';
import { readWeightCache, weightCache, writeWeightCache } from '../quantization/weight-cache.ts';
import { openModelWeights } from '../weights/model-weights.ts';
import { families } from './families.ts';
import type { ModelFamily } from './family.ts';
import { findTensor } from './find-tensor.ts';
import { readModelConfig, type ModelConfig } from './model-config.ts';

/** A model in memory. */
export interface LoadedModel {
  family: ModelFamily;
  config: ModelConfig;
  /** In single precision, by name as in the safetensors file. */
  weights: ReadonlyMap<string, Float32Array>;
  /** Those that are kept in a smaller form instead. */
  stored?: ReadonlyMap<string, StoredWeight>;
  /** What a person should know about how the weights are kept. */
  warnings?: readonly string[];
}

export interface LoadOptions extends StorageOptions {
  /** Where int8 and NF4 weights are kept on disk once they are made, so that the next time is quick. Made if it is not there. */
  cacheFolder?: string;
}

/** All that a graph of the model is bound to, by the names that it has there. */
export function weightData({ weights, stored = new Map() }: Pick<LoadedModel, 'weights' | 'stored'>): Map<string, TensorData> {
  const data = new Map<string, TensorData>(weights);
  for (const [name, { tensors }] of stored)
    for (const [part, tensor] of Object.entries(tensors)) data.set(partName(name, part), tensor.data);
  return data;
}

/**
 * Reads a Hugging Face model folder, one tensor after the other: what is kept in a smaller form is never in memory whole before.
 * @param options how the weights of linear layers are kept; in single precision if left out.
 * @throws EngineError MODEL_NOT_FOUND, MODEL_UNSUPPORTED, or MODEL_BROKEN when a tensor is missing or of another shape.
 */
export async function loadModel(folder: string, options: LoadOptions = { storage: 'float32' }): Promise<LoadedModel> {
  const config = await readModelConfig(folder);
  const family = families[config.architecture];
  const layers = family.linears(config);
  const cache = options.cacheFolder === undefined ? null : await weightCache(options.cacheFolder, folder, layers, options);
  const cached = cache && (await readWeightCache(cache));
  const parts = new Map(cached?.parts);
  const shapes = new Map([...family.parameters(config)].filter(([name]) => !parts.has(name)));
  const linears = new Map(layers.map((layer) => [`${layer.name}.weight`, layer]));
  const weights = await readWeights(folder, family, shapes, (name, data) => {
    const layer = linears.get(name);
    const made = layer && quantizeWeight(data, layer, options);
    if (made) parts.set(name, made);
    return !made;
  });
  const unkept = cache && !cached?.parts ? await writeWeightCache(cache, parts) : null;
  const stored = new Map<string, StoredWeight>();
  for (const [name, layer] of linears) {
    const weight = assembleWeight(parts.get(name) ?? {}, layer, options);
    if (weight) stored.set(name, weight);
  }
  const whole = [...linears.keys()].filter((name) => !stored.has(name));
  const warnings = [cached?.remark ?? [], unkept ?? [], options.storage === 'float32' ? [] : stayWhole(whole, layers.length)].flat();
  return { family, config, weights, stored, warnings };
}

/** What to tell about linear weights that do not take the form that was asked for. */
function stayWhole(names: readonly string[], total: number): string[] {
  if (names.length === 0) return [];
  const some = names.length > 3 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ');
  return [`${names.length} of ${total} linear weights stay in float32, as they do not fill blocks of ${nf4Block} for NF4: ${some}.`];
}

/** A model that values texts: in place of the output projection it has a head that gives one number. */
export interface ValueModel extends LoadedModel {
  /** [hidden] */
  valueHead: Float32Array;
}

/**
 * Reads a Hugging Face folder of a model for sequence classification with one label, such as full training of a reward model
 * leaves behind. @throws EngineError as `loadModel`
 */
export async function loadValueModel(folder: string): Promise<ValueModel> {
  const config = await readModelConfig(folder, 'values');
  const family = families[config.architecture];
  const shapes = new Map([...family.parameters(config), [scoreHead, [1, config.hiddenSize]] as const]);
  shapes.delete(outputProjection);
  const weights = await readWeights(folder, family, shapes);
  return { family, config, weights, valueHead: weights.get(scoreHead) ?? new Float32Array() };
}

async function readWeights(
  folder: string,
  family: ModelFamily,
  shapes: ReadonlyMap<string, readonly number[]>,
  isKept: (name: string, data: Float32Array) => boolean = () => true,
): Promise<Map<string, Float32Array>> {
  const file = await openModelWeights(folder);
  try {
    const weights = new Map<string, Float32Array>();
    for (const [name, shape] of shapes) {
      const data = await file.read(findTensor(folder, file, name, shape, family.prefix));
      if (isKept(name, data)) weights.set(name, data);
    }
    return weights;
  } finally {
    await file.close();
  }
}

export const countParameters = (shapes: Iterable<readonly number[]>): number => {
  let total = 0;
  for (const shape of shapes) total += shape.reduce((product, n) => product * n, 1);
  return total;
};
