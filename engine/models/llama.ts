import { given, type Value } from '../graph/types.ts';
import { add } from '../graph/ops/arithmetic.ts';
import { attention } from '../graph/ops/attention.ts';
import { embedding } from '../graph/ops/indexing.ts';
import { rmsNorm } from '../graph/ops/rms-norm.ts';
import { rotary } from '../graph/ops/rotary.ts';
import { concat, reshape, transpose } from '../graph/ops/shape.ts';
import { swiGlu } from '../graph/ops/swiglu.ts';
import type { ForwardContext, ForwardInputs, LayerCache, ModelFamily } from './family.ts';
import type { ModelConfig } from './model-config.ts';

/**
 * Llama (Touvron et al. 2023): pre-norm blocks of rotary grouped-query attention and a SwiGLU MLP, RMSNorm, no
 * positions but the rotary ones. Names are those of Hugging Face's `LlamaForCausalLM`.
 */
export const llama: ModelFamily = {
  parameters(config) {
    const { hiddenSize, intermediateSize, vocabularySize, headSize } = config;
    const queries = config.attentionHeads * headSize;
    const keyValues = config.keyValueHeads * headSize;
    const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [vocabularySize, hiddenSize]]]);
    const linear = (name: string, outputs: number, inputs: number, bias: boolean) => {
      shapes.set(`${name}.weight`, [outputs, inputs]);
      if (bias) shapes.set(`${name}.bias`, [outputs]);
    };
    for (let layer = 0; layer < config.layers; layer++) {
      const block = `model.layers.${layer}`;
      shapes.set(`${block}.input_layernorm.weight`, [hiddenSize]);
      linear(`${block}.self_attn.q_proj`, queries, hiddenSize, config.attentionBias);
      linear(`${block}.self_attn.k_proj`, keyValues, hiddenSize, config.attentionBias);
      linear(`${block}.self_attn.v_proj`, keyValues, hiddenSize, config.attentionBias);
      linear(`${block}.self_attn.o_proj`, hiddenSize, queries, config.attentionBias);
      shapes.set(`${block}.post_attention_layernorm.weight`, [hiddenSize]);
      linear(`${block}.mlp.gate_proj`, intermediateSize, hiddenSize, config.mlpBias);
      linear(`${block}.mlp.up_proj`, intermediateSize, hiddenSize, config.mlpBias);
      linear(`${block}.mlp.down_proj`, hiddenSize, intermediateSize, config.mlpBias);
    }
    shapes.set('model.norm.weight', [hiddenSize]);
    if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [vocabularySize, hiddenSize]);
    return shapes;
  },

  forward(context, config, inputs) {
    const { graph } = context;
    const norm = (x: Value, name: string) => rmsNorm(graph, x, context.weight(`${name}.weight`), config.rmsNormEpsilon);
    let hidden = embedding(graph, context.weight('model.embed_tokens.weight'), inputs.ids);
    const cache: LayerCache[] = [];
    for (let layer = 0; layer < config.layers; layer++) {
      const block = `model.layers.${layer}`;
      const attended = selfAttention(context, config, inputs, norm(hidden, `${block}.input_layernorm`), layer);
      cache.push(attended.cache);
      hidden = add(graph, hidden, attended.output);
      hidden = add(graph, hidden, mlp(context, norm(hidden, `${block}.post_attention_layernorm`), `${block}.mlp`));
    }
    const head = context.weight(config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
    return { hidden: norm(hidden, 'model.norm'), head, cache };
  },
};

function selfAttention(
  context: ForwardContext,
  config: ModelConfig,
  { batch, length, cos, sin, mask, cache }: ForwardInputs,
  x: Value,
  layer: number,
): { output: Value; cache: LayerCache } {
  const { graph } = context;
  const name = `model.layers.${layer}.self_attn`;
  const { attentionHeads, keyValueHeads, headSize } = config;
  // [b · s, heads · d] → [b, heads, s, d]
  const split = (y: Value, heads: number) => transpose(graph, reshape(graph, y, [batch, length, heads, headSize]), [0, 2, 1, 3]);
  const [q, k, v] = context.linears(x, [`${name}.q_proj`, `${name}.k_proj`, `${name}.v_proj`]);
  const query = rotary(graph, split(given(q), attentionHeads), cos, sin);
  const key = rotary(graph, split(given(k), keyValueHeads), cos, sin);
  const value = split(given(v), keyValueHeads);
  const past = cache?.[layer];
  const keys = past ? concat(graph, [past.key, key], 2) : key;
  const values = past ? concat(graph, [past.value, value], 2) : value;
  const mixed = attention(graph, query, keys, values, mask());
  const joined = reshape(graph, transpose(graph, mixed, [0, 2, 1, 3]), [batch * length, attentionHeads * headSize]);
  return { output: context.linear(joined, `${name}.o_proj`), cache: { key, value } };
}

function mlp(context: ForwardContext, x: Value, name: string): Value {
  const [gate, up] = context.linears(x, [`${name}.gate_proj`, `${name}.up_proj`]);
  return context.linear(swiGlu(context.graph, given(gate), given(up)), `${name}.down_proj`);
}
