import { normalSource, randomSource } from '../random.ts';
import { families } from './families.ts';
import type { LoadedModel } from './load.ts';
import { readModelConfig } from './model-config.ts';

/**
 * A model with random weights for the config.json of a folder: norms at rest, biases zero, the rest normal with deviation
 * 0.02, smaller by √(2 · layers) where a block adds to the residual stream (Radford et al. 2019).
 */
export async function initializeModel(folder: string, seed: number): Promise<LoadedModel> {
  const config = await readModelConfig(folder);
  const family = families[config.architecture];
  const normal = normalSource(randomSource(seed));
  const weights = new Map<string, Float32Array>();
  for (const [name, shape] of family.parameters(config)) {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
    if (shape.length === 1 && name.endsWith('.weight')) data.fill(family.restingNorm);
    else if (shape.length > 1) {
      const deviation = /\.(o_proj|down_proj|c_proj)\.weight$/.test(name) ? 0.02 / Math.sqrt(2 * config.layers) : 0.02;
      for (let index = 0; index < data.length; index++) data[index] = normal() * deviation;
    }
    weights.set(name, data);
  }
  return { family, config, weights };
}
