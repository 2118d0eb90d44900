import { openModelWeights } from '../weights/model-weights.ts';
import { families } from './families.ts';
import type { ModelFamily } from './family.ts';
import { checkTensor } from './check-tensor.ts';
import { readModelConfig, type ModelConfig } from './model-config.ts';

/** A model in memory, in single precision. */
export interface LoadedModel {
  family: ModelFamily;
  config: ModelConfig;
  /** By name, as in the safetensors file. */
  weights: ReadonlyMap<string, Float32Array>;
}

/**
 * Reads a Hugging Face model folder.
 * @throws EngineError MODEL_NOT_FOUND, MODEL_UNSUPPORTED, or MODEL_BROKEN when a tensor is missing or of another shape.
 */
export async function loadModel(folder: string): Promise<LoadedModel> {
  const config = await readModelConfig(folder);
  const family = families[config.architecture];
  const file = await openModelWeights(folder);
  try {
    const weights = new Map<string, Float32Array>();
    for (const [name, shape] of family.parameters(config)) {
      checkTensor(folder, name, shape, file.has(name) ? file.shape(name) : undefined);
      weights.set(name, await file.read(name));
    }
    return { family, config, weights };
  } finally {
    await file.close();
  }
}

export const countParameters = (shapes: Iterable<readonly number[]>): number => {
  let total = 0;
  for (const shape of shapes) total += shape.reduce((product, n) => product * n, 1);
  return total;
};
