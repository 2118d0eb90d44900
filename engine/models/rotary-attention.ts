import { scale } from '../graph/ops/arithmetic.ts';
import { attention, causalAttention } from '../graph/ops/attention.ts';
import { rotary } from '../graph/ops/rotary.ts';
import { concat, reshape, transpose } from '../graph/ops/shape.ts';
import { given, type Value } from '../graph/types.ts';
import type { Angles, ForwardContext, ForwardInputs, LayerCache } from './family.ts';
import type { RotaryConfig } from './rotary-config.ts';

export interface RotaryAttentionOptions {
  /** The block's own norm, for queries and keys where the model normalises them. */
  norm: (x: Value, name: string) => Value;
  /** Left out: queries and keys are not rotated. */
  angles?: Angles;
  /** Factor of the scores beside 1 / √head size. Default 1. */
  queryScale?: number;
}

/**
 * Grouped-query attention with rotary positions, in the names of Hugging Face's `self_attn`. x: [b · s, hidden], already
 * normalised → [b · s, hidden].
 */
export function rotaryAttention(
  context: ForwardContext,
  config: RotaryConfig,
  { batch, length, mask, cache }: ForwardInputs,
  x: Value,
  layer: number,
  { norm, angles, queryScale = 1 }: RotaryAttentionOptions,
): { output: Value; cache: LayerCache } {
  const { graph } = context;
  const name = `model.layers.${layer}.self_attn`;
  const { attentionHeads, keyValueHeads, headSize } = config;
  // [b · s, heads · d] → [b, heads, s, d]
  const split = (y: Value, heads: number) => transpose(graph, reshape(graph, y, [batch, length, heads, headSize]), [0, 2, 1, 3]);
  const placed = (y: Value, heads: number, normName: string) => {
    const each = config.queryKeyNorm ? norm(reshape(graph, y, [batch * length * heads, headSize]), `${name}.${normName}`) : y;
    const turned = split(each, heads);
    return angles ? rotary(graph, turned, angles.cos, angles.sin) : turned;
  };
  const [q, k, v] = context.linears(x, [`${name}.q_proj`, `${name}.k_proj`, `${name}.v_proj`]);
  const query = scale(graph, placed(given(q), attentionHeads, 'q_norm'), queryScale);
  const key = placed(given(k), keyValueHeads, 'k_norm');
  const value = split(given(v), keyValueHeads);
  const past = cache?.[layer];
  const keys = past ? concat(graph, [past.key, key], 2) : key;
  const values = past ? concat(graph, [past.value, value], 2) : value;
  const mixed = (past ? attention : causalAttention)(graph, query, keys, values, mask(config.windows[layer] ?? undefined));
  const joined = reshape(graph, transpose(graph, mixed, [0, 2, 1, 3]), [batch * length, attentionHeads * headSize]);
  return { output: context.linear(joined, `${name}.o_proj`), cache: { key, value } };
}
