import { defineFamily } from './define-family.ts';
import { layerWindows } from './layer-types.ts';
import { readRotaryConfig, type RotaryConfig } from './rotary-config.ts';
import { decoderForward, decoderTensors } from './rotary-decoder.ts';

export interface MistralConfig extends RotaryConfig {
  architecture: 'mistral';
}

/** Mistral (Jiang et al. 2023): Llama whose layers look through a sliding window, unless `sliding_window` is null. */
export const mistral = defineFamily('mistral', {
  className: 'MistralForCausalLM',
  modelType: 'mistral',
  prefix: 'model.',
  restingNorm: 1,
  readConfig(file) {
    const config = readRotaryConfig(file, { maxPositions: 131_072, tiedEmbeddings: false });
    file.checkActivation('hidden_act', ['silu', 'swish']);
    return { ...config, architecture: 'mistral', windows: layerWindows(file, config.layers, { window: 4096, slides: () => true }) };
  },
  tensors: decoderTensors,
  forward: decoderForward,
});
