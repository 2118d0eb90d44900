import { add, scale } from '../graph/ops/arithmetic.ts';
import { embedding } from '../graph/ops/indexing.ts';
import { rmsNorm } from '../graph/ops/rms-norm.ts';
import type { Value } from '../graph/types.ts';
import type { ForwardContext, ForwardInputs, ForwardResult, LayerCache } from './family.ts';
import { gatedMlp } from './gated-mlp.ts';
import { rotaryAttention } from './rotary-attention.ts';
import type { RotaryConfig } from './rotary-config.ts';
import { TensorList } from './tensor-list.ts';

/** What a family does in its own way inside of Llama's blocks. */
export interface DecoderStyle {
  activation: 'silu' | 'gelu';
  /** Factor of the token embeddings. */
  embeddingScale: number;
  /** x: [n, d] → [n, d] with the weight `${name}.weight`. */
  norm: (context: ForwardContext, x: Value, name: string, epsilon: number) => Value;
}

const llamaStyle: DecoderStyle = {
  activation: 'silu',
  embeddingScale: 1,
  norm: (context, x, name, epsilon) => rmsNorm(context.graph, x, context.weight(`${name}.weight`), epsilon),
};

/**
 * The tensors of a decoder with rotary attention and a gated MLP.
 * @param norms RMSNorms over the residual stream in each block
 */
export function decoderTensors(
  config: RotaryConfig,
  norms: readonly string[] = ['input_layernorm', 'post_attention_layernorm'],
): TensorList {
  const { hiddenSize, intermediateSize, vocabularySize, headSize } = config;
  const queries = config.attentionHeads * headSize;
  const keyValues = config.keyValueHeads * headSize;
  const tensors = new TensorList();
  tensors.add('model.embed_tokens.weight', vocabularySize, hiddenSize);
  for (let layer = 0; layer < config.layers; layer++) {
    const block = `model.layers.${layer}`;
    tensors.linear(`${block}.self_attn.q_proj`, [queries, hiddenSize], config.attentionBias);
    tensors.linear(`${block}.self_attn.k_proj`, [keyValues, hiddenSize], config.attentionBias);
    tensors.linear(`${block}.self_attn.v_proj`, [keyValues, hiddenSize], config.attentionBias);
    tensors.linear(`${block}.self_attn.o_proj`, [hiddenSize, queries], config.outputBias);
    if (config.queryKeyNorm) for (const name of ['q_norm', 'k_norm']) tensors.add(`${block}.self_attn.${name}.weight`, headSize);
    tensors.linear(`${block}.mlp.gate_proj`, [intermediateSize, hiddenSize], config.mlpBias);
    tensors.linear(`${block}.mlp.up_proj`, [intermediateSize, hiddenSize], config.mlpBias);
    tensors.linear(`${block}.mlp.down_proj`, [hiddenSize, intermediateSize], config.mlpBias);
    for (const name of norms) tensors.add(`${block}.${name}.weight`, hiddenSize);
  }
  tensors.add('model.norm.weight', hiddenSize);
  if (!config.tiedEmbeddings) tensors.add('lm_head.weight', vocabularySize, hiddenSize);
  return tensors;
}

/** Name of the matrix that turns hidden states into logits. */
export const decoderHead = (config: RotaryConfig): string => (config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');

/** Llama's forward pass: pre-norm blocks of rotary attention and a gated MLP, and a norm at the end. */
export function decoderForward(
  context: ForwardContext,
  config: RotaryConfig,
  inputs: ForwardInputs,
  { activation, embeddingScale, norm: normOf }: DecoderStyle = llamaStyle,
): ForwardResult {
  const { graph } = context;
  const norm = (x: Value, name: string) => normOf(context, x, name, config.rmsNormEpsilon);
  let hidden = scale(graph, embedding(graph, context.weight('model.embed_tokens.weight'), inputs.ids), embeddingScale);
  const cache: LayerCache[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const block = `model.layers.${layer}`;
    const angles = config.rotaryLayers[layer] ? inputs.angles() : undefined;
    const before = hidden;
    const { attended, middle, output } = context.layer(() => {
      const attended = rotaryAttention(context, config, inputs, norm(before, `${block}.input_layernorm`), layer, { norm, angles });
      const middle = add(graph, before, attended.output);
      return { attended, middle, output: gatedMlp(context, norm(middle, `${block}.post_attention_layernorm`), `${block}.mlp`, activation) };
    });
    cache.push(attended.cache);
    hidden = add(graph, middle, output);
  }
  return { hidden: norm(hidden, 'model.norm'), head: context.weight(decoderHead(config)), cache };
}
