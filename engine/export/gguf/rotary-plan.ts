import type { RotaryConfig } from '../../models/rotary-config.ts';
import { ropeFrequencies } from '../../models/rope.ts';
import { float32, type MetadataValue, string, uint32 } from './file.ts';
import type { GgufPlan, PlannedTensor, TensorChange } from './plan.ts';

/** How an architecture of llama.cpp differs from others with rotary positions and a gated MLP. */
export interface RotaryStyle {
  architecture: string;
  /** Rotates pairs of neighbours, not the two halves of a head. */
  interleaved: boolean;
  /** Norm weights are stored less one. */
  shiftedNorms?: boolean;
  /** Takes a factor for each rotary frequency. */
  ropeFactors?: boolean;
  /** Biases that it has room for, beside those of query, key and value. */
  biases?: readonly ('attn_output' | 'mlp')[];
  /** Knows layers that look through a sliding window. */
  windows?: boolean;
  /** llama.cpp's names of the norms over the residual stream. */
  norms?: Readonly<Record<string, string>>;
}

const linears: Record<string, string> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};
const llamaNorms = { input_layernorm: 'attn_norm', post_attention_layernorm: 'ffn_norm' };
const headNorms = { 'self_attn.q_norm': 'attn_q_norm', 'self_attn.k_norm': 'attn_k_norm' };

/** @returns the plan, or why llama.cpp cannot run the model */
export function planRotary(config: RotaryConfig, style: RotaryStyle): GgufPlan | string {
  const { architecture, interleaved, ropeFactors: hasFactors = false, biases = [] } = style;
  if (config.outputBias && !biases.includes('attn_output')) return `its ${architecture} has no bias on the attention's output`;
  if (config.mlpBias && !biases.includes('mlp')) return `its ${architecture} has no biases in the MLP`;
  const rope = ropeMetadata(config);
  if (rope.factors.length > 0 && !hasFactors) return `its ${architecture} does not scale rotary positions as Llama 3 does`;
  const metadata = new Map<string, MetadataValue>([
    ['vocab_size', uint32(config.vocabularySize)],
    ['context_length', uint32(config.maxPositions)],
    ['embedding_length', uint32(config.hiddenSize)],
    ['block_count', uint32(config.layers)],
    ['feed_forward_length', uint32(config.intermediateSize)],
    ['attention.head_count', uint32(config.attentionHeads)],
    ['attention.head_count_kv', uint32(config.keyValueHeads)],
    ['attention.key_length', uint32(config.headSize)],
    ['attention.value_length', uint32(config.headSize)],
    ['attention.layer_norm_rms_epsilon', float32(config.rmsNormEpsilon)],
    ['rope.dimension_count', uint32(config.headSize)],
    ['rope.freq_base', float32(config.ropeTheta)],
    ...rope.metadata,
  ]);
  const shortest = Math.min(...config.windows.map((window) => window ?? Infinity));
  const notes = [...rope.notes];
  if (!style.windows && shortest < config.maxPositions)
    notes.push(`llama.cpp's ${architecture} has no sliding window: after ${shortest} tokens it sees more than the model was trained with.`);
  return { architecture, metadata, tensors: planTensors(config, style, interleaved), ropeFactors: rope.factors, notes };
}

function planTensors(
  config: RotaryConfig,
  { shiftedNorms = false, norms = llamaNorms }: RotaryStyle,
  interleaved: boolean,
): PlannedTensor[] {
  const norm: { change?: TensorChange } = shiftedNorms ? { change: { kind: 'addOne' } } : {};
  const tensors: PlannedTensor[] = [{ name: 'token_embd.weight', from: 'model.embed_tokens.weight' }];
  const blockNorms = { ...norms, ...(config.queryKeyNorm ? headNorms : {}) };
  for (let layer = 0; layer < config.layers; layer++) {
    const [block, from] = [`blk.${layer}`, `model.layers.${layer}`];
    for (const [name, target] of Object.entries(blockNorms))
      tensors.push({ name: `${block}.${target}.weight`, from: `${from}.${name}.weight`, ...norm });
    for (const [name, target] of Object.entries(linears)) {
      const heads = { attn_q: config.attentionHeads, attn_k: config.keyValueHeads }[target];
      const change: { change?: TensorChange } = interleaved && heads !== undefined ? { change: { kind: 'interleave', heads } } : {};
      const biased = target === 'attn_output' ? config.outputBias : name.startsWith('mlp.') ? config.mlpBias : config.attentionBias;
      for (const part of biased ? ['weight', 'bias'] : ['weight'])
        tensors.push({ name: `${block}.${target}.${part}`, from: `${from}.${name}.${part}`, ...change });
    }
  }
  tensors.push({ name: 'output_norm.weight', from: 'model.norm.weight', ...norm });
  if (!config.tiedEmbeddings) tensors.push({ name: 'output.weight', from: 'lm_head.weight' });
  return tensors;
}

interface RopeMetadata {
  metadata: [string, MetadataValue][];
  factors: Float32Array;
  notes: string[];
}

function ropeMetadata(config: RotaryConfig): RopeMetadata {
  const { ropeScaling: scaling } = config;
  const none: RopeMetadata = { metadata: [], factors: new Float32Array(), notes: [] };
  switch (scaling?.type) {
    case undefined:
      return none;
    case 'dynamic':
      return { ...none, notes: [`llama.cpp does not stretch rotary positions dynamically: keep to ${config.maxPositions} tokens.`] };
    case 'linear':
      return { ...none, metadata: [scalingType('linear'), ['rope.scaling.factor', float32(scaling.factor)]] };
    case 'llama3': {
      const plain = ropeFrequencies({ ...config, ropeScaling: null }, config.maxPositions).inverse;
      const stretched = ropeFrequencies(config, config.maxPositions).inverse;
      return { ...none, factors: Float32Array.from(plain, (frequency, index) => frequency / (stretched[index] ?? NaN)) };
    }
    case 'yarn': {
      // llama.cpp multiplies by a scale of its own.
      const own = 1 + 0.1 * Math.log(scaling.factor);
      const scale = ropeFrequencies(config, config.maxPositions).attentionScale;
      return {
        ...none,
        metadata: [
          scalingType('yarn'),
          ['rope.scaling.factor', float32(scaling.factor)],
          ['rope.scaling.original_context_length', uint32(scaling.originalMaxPositions)],
          ['rope.scaling.yarn_attn_factor', float32(scale / own)],
          ['rope.scaling.yarn_beta_fast', float32(scaling.betaFast)],
          ['rope.scaling.yarn_beta_slow', float32(scaling.betaSlow)],
        ],
      };
    }
  }
}

const scalingType = (type: string): [string, MetadataValue] => ['rope.scaling.type', string(type)];
