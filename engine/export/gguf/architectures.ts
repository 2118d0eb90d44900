import type { Gemma3Config } from '../../models/gemma3.ts';
import type { Gpt2Config } from '../../models/gpt2.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import type { SmolLm3Config } from '../../models/smollm3.ts';
import { float32, uint32 } from './file.ts';
import type { GgufPlan, PlannedTensor } from './plan.ts';
import { planRotary, type RotaryStyle } from './rotary-plan.ts';

const llamaStyle: RotaryStyle = { architecture: 'llama', interleaved: true, ropeFactors: true, biases: ['attn_output', 'mlp'] };

/** @returns how a model is stored for llama.cpp, or why that cannot run it */
export function planGguf(config: ModelConfig): GgufPlan | string {
  switch (config.architecture) {
    case 'llama':
    case 'mistral':
      return planRotary(config, llamaStyle);
    case 'qwen2':
      return planRotary(config, { architecture: 'qwen2', interleaved: false });
    case 'qwen3':
      return planRotary(config, { architecture: 'qwen3', interleaved: false });
    case 'smollm3':
      return planSmolLm3(config);
    case 'gemma':
      if (!config.tiedEmbeddings) return 'its gemma has no output projection of its own';
      return planRotary(config, { architecture: 'gemma', interleaved: false, shiftedNorms: true });
    case 'gemma3':
      return planGemma3(config);
    case 'gpt2':
      return planGpt2(config);
  }
}

function planSmolLm3(config: SmolLm3Config): GgufPlan | string {
  const usual = config.rotaryLayers.every((rotates, layer) => rotates === ((layer + 1) % 4 !== 0));
  if (!usual) return 'its smollm3 leaves out the positions of every fourth layer, not of others (no_rope_layers)';
  return planRotary(config, { architecture: 'smollm3', interleaved: true });
}

function planGemma3(config: Gemma3Config): GgufPlan | string {
  const window = config.windows.find((size) => size !== null);
  const usual = config.windows.every((size, layer) => size === ((layer + 1) % 6 === 0 ? null : window));
  if (!usual || window === undefined) return 'its gemma3 sees everything in every sixth layer, not in others (layer_types)';
  if (config.queryScalar !== config.headSize) return 'its gemma3 scales scores by the head size only (query_pre_attn_scalar)';
  if (config.localRope.ropeTheta !== 10_000) return 'its gemma3 knows local rotary positions of base 10,000 only';
  const plan = planRotary(config, {
    architecture: 'gemma3',
    interleaved: false,
    shiftedNorms: true,
    windows: true,
    norms: {
      input_layernorm: 'attn_norm',
      post_attention_layernorm: 'post_attention_norm',
      pre_feedforward_layernorm: 'ffn_norm',
      post_feedforward_layernorm: 'post_ffw_norm',
    },
  });
  if (typeof plan !== 'string') plan.metadata.set('attention.sliding_window', uint32(window));
  return plan;
}

const gpt2Tensors: Record<string, string> = { ln_1: 'attn_norm', ln_2: 'ffn_norm' };
const gpt2Linears: Record<string, string> = {
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
};

function planGpt2(config: Gpt2Config): GgufPlan | string {
  if (!config.scaledByHeadSize || config.scaledByLayer)
    return 'its gpt2 divides scores by the root of the head size and nothing else (scale_attn_weights, scale_attn_by_inverse_layer_idx)';
  const tensors: PlannedTensor[] = [
    { name: 'token_embd.weight', from: 'transformer.wte.weight' },
    { name: 'position_embd.weight', from: 'transformer.wpe.weight' },
  ];
  for (let layer = 0; layer < config.layers; layer++) {
    const [block, from] = [`blk.${layer}`, `transformer.h.${layer}`];
    for (const [name, target] of Object.entries(gpt2Tensors))
      for (const part of ['weight', 'bias']) tensors.push({ name: `${block}.${target}.${part}`, from: `${from}.${name}.${part}` });
    for (const [name, target] of Object.entries(gpt2Linears)) {
      tensors.push({ name: `${block}.${target}.weight`, from: `${from}.${name}.weight`, change: { kind: 'transpose' } });
      tensors.push({ name: `${block}.${target}.bias`, from: `${from}.${name}.bias` });
    }
  }
  for (const part of ['weight', 'bias']) tensors.push({ name: `output_norm.${part}`, from: `transformer.ln_f.${part}` });
  if (!config.tiedEmbeddings) tensors.push({ name: 'output.weight', from: 'lm_head.weight' });
  return {
    architecture: 'gpt2',
    metadata: new Map([
      ['context_length', uint32(config.maxPositions)],
      ['embedding_length', uint32(config.hiddenSize)],
      ['block_count', uint32(config.layers)],
      ['feed_forward_length', uint32(config.intermediateSize)],
      ['attention.head_count', uint32(config.attentionHeads)],
      ['attention.layer_norm_epsilon', float32(config.layerNormEpsilon)],
    ]),
    tensors,
    ropeFactors: new Float32Array(),
    notes: [],
  };
}
