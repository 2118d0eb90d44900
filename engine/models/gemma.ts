import { z } from 'zod';
import { add } from '../graph/ops/arithmetic.ts';
import { rmsNorm } from '../graph/ops/rms-norm.ts';
import type { ConfigFile } from './config-file.ts';
import { defineFamily } from './define-family.ts';
import { readRotaryConfig, type RotaryConfig } from './rotary-config.ts';
import { decoderForward, decoderTensors, type DecoderStyle } from './rotary-decoder.ts';

export interface GemmaConfig extends RotaryConfig {
  architecture: 'gemma';
}

const schema = z.looseObject({ attention_bias: z.boolean().nullish(), use_bidirectional_attention: z.boolean().nullish() });

/** What Gemma and Gemma 3 have in common: biases on all attention layers or none, and attention to what came before only. */
export function gemmaBiases(file: ConfigFile): Pick<RotaryConfig, 'attentionBias' | 'outputBias'> {
  const fields = file.fields(schema);
  if (fields.use_bidirectional_attention)
    throw file.unsupported('its positions see those after them (use_bidirectional_attention)', 'Supported: false.');
  return { attentionBias: fields.attention_bias ?? false, outputBias: fields.attention_bias ?? false };
}

/** RMSNorm whose stored weight is what is added to one. */
export const gemmaNorm: DecoderStyle['norm'] = (context, x, name, epsilon) => {
  const { graph } = context;
  const stored = context.weight(`${name}.weight`);
  return rmsNorm(graph, x, add(graph, stored, graph.scalar(1, stored.dtype)), epsilon);
};

/** Gemma (Mesnard et al. 2024): Llama with GELU in the MLP, norm weights stored less one, and embeddings scaled by √hidden. */
export const gemma = defineFamily('gemma', {
  className: 'GemmaForCausalLM',
  modelType: 'gemma',
  prefix: 'model.',
  restingNorm: 0,
  readConfig(file) {
    const config = readRotaryConfig(file, { maxPositions: 8192, tiedEmbeddings: true, headSize: 256 });
    // The first releases say "gelu" and mean its tanh form.
    file.checkActivation('hidden_act', ['gelu_pytorch_tanh', 'gelu']);
    file.checkActivation('hidden_activation', ['gelu_pytorch_tanh', 'gelu']);
    return { ...config, ...gemmaBiases(file), architecture: 'gemma' };
  },
  tensors: (config) => decoderTensors(config),
  forward: (context, config, inputs) =>
    decoderForward(context, config, inputs, { activation: 'gelu', embeddingScale: Math.sqrt(config.hiddenSize), norm: gemmaNorm }),
});
