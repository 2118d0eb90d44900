import { z } from 'zod';
import { defineFamily } from './define-family.ts';
import { qwenWindows } from './qwen-windows.ts';
import { readRotaryConfig, type RotaryConfig } from './rotary-config.ts';
import { decoderForward, decoderTensors } from './rotary-decoder.ts';

export interface Qwen3Config extends RotaryConfig {
  architecture: 'qwen3';
}

const biases = z.looseObject({ attention_bias: z.boolean().nullish() });

/** Qwen3 (Yang et al. 2025): Llama with an RMSNorm over each head of queries and keys, before they are rotated. */
export const qwen3 = defineFamily('qwen3', {
  className: 'Qwen3ForCausalLM',
  modelType: 'qwen3',
  prefix: 'model.',
  restingNorm: 1,
  readConfig(file) {
    const config = readRotaryConfig(file, { maxPositions: 32_768, tiedEmbeddings: false, headSize: 128 });
    file.checkActivation('hidden_act', ['silu', 'swish']);
    const biased = file.fields(biases).attention_bias ?? false;
    return {
      ...config,
      architecture: 'qwen3',
      attentionBias: biased,
      outputBias: biased,
      queryKeyNorm: true,
      windows: qwenWindows(file, config.layers),
    };
  },
  tensors: decoderTensors,
  forward: decoderForward,
});
