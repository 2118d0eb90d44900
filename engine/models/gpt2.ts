import { z } from 'zod';
import { add, minimum, scale } from '../graph/ops/arithmetic.ts';
import { attention, causalAttention } from '../graph/ops/attention.ts';
import { gelu } from '../graph/ops/gelu.ts';
import { embedding } from '../graph/ops/indexing.ts';
import { layerNorm } from '../graph/ops/layer-norm.ts';
import { concat, reshape, split, transpose } from '../graph/ops/shape.ts';
import { given, type Value } from '../graph/types.ts';
import { type BaseConfig, size } from './config-file.ts';
import { defineFamily } from './define-family.ts';
import type { ForwardContext, ForwardInputs, LayerCache } from './family.ts';
import { TensorList } from './tensor-list.ts';

export interface Gpt2Config extends BaseConfig {
  architecture: 'gpt2';
  layerNormEpsilon: number;
  /** Scores are divided by the root of the head size. */
  scaledByHeadSize: boolean;
  /** Scores are divided by the number of the layer, from 1. */
  scaledByLayer: boolean;
}

/** Linear layers are stored as OpenAI's one-wide convolutions: [in, out]. */
const conv1d = { layout: 'in-out' } as const;

const schema = z.looseObject({
  n_positions: size.default(1024),
  n_embd: size,
  n_layer: size,
  n_head: size,
  n_inner: size.nullish(),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().nullish(),
});

/**
 * GPT-2 (Radford et al. 2019): learned positions, LayerNorm, attention with one product for query, key and value, GELU.
 * The dropout that its configuration names belongs to its pre-training and is not applied.
 */
export const gpt2 = defineFamily('gpt2', {
  className: 'GPT2LMHeadModel',
  modelType: 'gpt2',
  prefix: 'transformer.',
  restingNorm: 1,
  readConfig(file) {
    const vocabulary = file.vocabulary(true);
    const fields = file.fields(schema);
    const { n_embd: hiddenSize, n_head: heads, n_layer: layers } = fields;
    if (hiddenSize % heads !== 0) throw file.broken([{ path: 'n_embd', message: `${hiddenSize} is not a multiple of n_head (${heads})` }]);
    file.checkActivation('activation_function', ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast']);
    if (fields.add_cross_attention) throw file.unsupported('it looks at a second text (add_cross_attention)', 'Supported: false.');
    return {
      ...vocabulary,
      architecture: 'gpt2',
      hiddenSize,
      intermediateSize: fields.n_inner ?? 4 * hiddenSize,
      layers,
      attentionHeads: heads,
      keyValueHeads: heads,
      headSize: hiddenSize / heads,
      maxPositions: fields.n_positions,
      layerNormEpsilon: fields.layer_norm_epsilon,
      scaledByHeadSize: fields.scale_attn_weights,
      scaledByLayer: fields.scale_attn_by_inverse_layer_idx,
    };
  },

  tensors(config) {
    const { hiddenSize, intermediateSize, vocabularySize } = config;
    const tensors = new TensorList();
    const norm = (name: string) => {
      tensors.add(`${name}.weight`, hiddenSize);
      tensors.add(`${name}.bias`, hiddenSize);
    };
    tensors.add('transformer.wte.weight', vocabularySize, hiddenSize);
    tensors.add('transformer.wpe.weight', config.maxPositions, hiddenSize);
    for (let layer = 0; layer < config.layers; layer++) {
      const block = `transformer.h.${layer}`;
      norm(`${block}.ln_1`);
      tensors.linear(`${block}.attn.c_attn`, [3 * hiddenSize, hiddenSize], true, conv1d.layout);
      tensors.linear(`${block}.attn.c_proj`, [hiddenSize, hiddenSize], true, conv1d.layout);
      norm(`${block}.ln_2`);
      tensors.linear(`${block}.mlp.c_fc`, [intermediateSize, hiddenSize], true, conv1d.layout);
      tensors.linear(`${block}.mlp.c_proj`, [hiddenSize, intermediateSize], true, conv1d.layout);
    }
    norm('transformer.ln_f');
    if (!config.tiedEmbeddings) tensors.add('lm_head.weight', vocabularySize, hiddenSize);
    return tensors;
  },

  forward(context, config, inputs) {
    const { graph } = context;
    const norm = (x: Value, name: string) =>
      layerNorm(graph, x, context.weight(`${name}.weight`), context.weight(`${name}.bias`), config.layerNormEpsilon);
    // Padding may reach beyond the last position; what is there never counts.
    const positions = minimum(graph, inputs.positions, graph.scalar(config.maxPositions - 1, 'int32'));
    const placed = embedding(graph, context.weight('transformer.wpe.weight'), positions);
    let hidden = add(graph, embedding(graph, context.weight('transformer.wte.weight'), inputs.ids), placed);
    const cache: LayerCache[] = [];
    for (let layer = 0; layer < config.layers; layer++) {
      const block = `transformer.h.${layer}`;
      const before = hidden;
      const { attended, middle, output } = context.layer(() => {
        const attended = selfAttention(context, config, inputs, norm(before, `${block}.ln_1`), layer);
        const middle = add(graph, before, attended.output);
        const inner = gelu(graph, context.linear(norm(middle, `${block}.ln_2`), `${block}.mlp.c_fc`, conv1d));
        return { attended, middle, output: context.linear(inner, `${block}.mlp.c_proj`, conv1d) };
      });
      cache.push(attended.cache);
      hidden = add(graph, middle, output);
    }
    const head = context.weight(config.tiedEmbeddings ? 'transformer.wte.weight' : 'lm_head.weight');
    return { hidden: norm(hidden, 'transformer.ln_f'), head, cache };
  },
});

function selfAttention(
  context: ForwardContext,
  config: Gpt2Config,
  { batch, length, mask, cache }: ForwardInputs,
  x: Value,
  layer: number,
): { output: Value; cache: LayerCache } {
  const { graph } = context;
  const name = `transformer.h.${layer}.attn`;
  const { attentionHeads: heads, headSize, hiddenSize } = config;
  // [b · s, heads · d] → [b, heads, s, d]
  const heading = (y: Value) => transpose(graph, reshape(graph, y, [batch, length, heads, headSize]), [0, 2, 1, 3]);
  const [q, k, v] = split(graph, context.linear(x, `${name}.c_attn`, conv1d), 1, [hiddenSize, hiddenSize, hiddenSize]);
  // The attention divides by √d; queries bring the difference along.
  const queryScale = (config.scaledByHeadSize ? 1 : Math.sqrt(headSize)) / (config.scaledByLayer ? layer + 1 : 1);
  const query = scale(graph, heading(given(q)), queryScale);
  const [key, value] = [heading(given(k)), heading(given(v))];
  const past = cache?.[layer];
  const keys = past ? concat(graph, [past.key, key], 2) : key;
  const values = past ? concat(graph, [past.value, value], 2) : value;
  const attend = past ? attention : causalAttention;
  const mixed = transpose(graph, attend(graph, query, keys, values, mask()), [0, 2, 1, 3]);
  return {
    output: context.linear(reshape(graph, mixed, [batch * length, hiddenSize]), `${name}.c_proj`, conv1d),
    cache: { key, value },
  };
}
