import { defineFamily } from './define-family.ts';
import { qwenWindows } from './qwen-windows.ts';
import { readRotaryConfig, type RotaryConfig } from './rotary-config.ts';
import { decoderForward, decoderTensors } from './rotary-decoder.ts';

export interface Qwen2Config extends RotaryConfig {
  architecture: 'qwen2';
}

/** Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases on query, key and value, and sliding windows that can be switched on. */
export const qwen2 = defineFamily('qwen2', {
  className: 'Qwen2ForCausalLM',
  modelType: 'qwen2',
  prefix: 'model.',
  restingNorm: 1,
  readConfig(file) {
    const config = readRotaryConfig(file, { maxPositions: 32_768, tiedEmbeddings: false });
    file.checkActivation('hidden_act', ['silu', 'swish']);
    return { ...config, architecture: 'qwen2', attentionBias: true, windows: qwenWindows(file, config.layers) };
  },
  tensors: decoderTensors,
  forward: decoderForward,
});
