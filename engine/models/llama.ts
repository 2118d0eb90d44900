import { z } from 'zod';
import { defineFamily } from './define-family.ts';
import { readRotaryConfig, type RotaryConfig } from './rotary-config.ts';
import { decoderForward, decoderTensors } from './rotary-decoder.ts';

export interface LlamaConfig extends RotaryConfig {
  architecture: 'llama';
}

const biases = z.looseObject({ attention_bias: z.boolean().nullish(), mlp_bias: z.boolean().nullish() });

/**
 * Llama (Touvron et al. 2023), also SmolLM, SmolLM2, DeepSeek-Coder and many others: pre-norm blocks of rotary grouped-query
 * attention and a SwiGLU MLP, RMSNorm, no positions but the rotary ones.
 */
export const llama = defineFamily('llama', {
  className: 'LlamaForCausalLM',
  modelType: 'llama',
  prefix: 'model.',
  restingNorm: 1,
  readConfig(file) {
    const config = readRotaryConfig(file, { maxPositions: 2048, tiedEmbeddings: false });
    file.checkActivation('hidden_act', ['silu', 'swish']);
    const { attention_bias: attention, mlp_bias: mlp } = file.fields(biases);
    return { ...config, architecture: 'llama', attentionBias: attention ?? false, outputBias: attention ?? false, mlpBias: mlp ?? false };
  },
  tensors: decoderTensors,
  forward: decoderForward,
});
