import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, describe, dimension, first, given } from '../types.ts';
import { add, mul, sub } from './arithmetic.ts';
import { matMul } from './matmul.ts';
import { concat, reduceSum, reshape, slice, split } from './shape.ts';
import { softmax } from './softmax.ts';

/** Query heads that share a key and value head are stacked along the positions, so that one product serves the group. */
function grouped(graph: Graph, q: Value, keyValueHeads: number): Value {
  const [batch, heads, length, size] = [dimension(q, 0), dimension(q, 1), dimension(q, 2), dimension(q, 3)];
  return reshape(graph, q, [batch, keyValueHeads, (heads / keyValueHeads) * length, size]);
}

const attentionOp = defineOp('Attention', {
  infer: ([q, k, v]) => {
    const [query, key, value] = [given(q), given(k), given(v)];
    const fits =
      dimension(query, 1) % dimension(key, 1) === 0 && dimension(query, 3) === dimension(key, 3) && key.shape.join() === value.shape.join();
    if (!fits) throw new RangeError(`Attention: query ${describe(query)}, key ${describe(key)}, value ${describe(value)}`);
    const group = dimension(query, 1) / dimension(key, 1);
    return [query, { dtype: query.dtype, shape: [dimension(query, 0), dimension(key, 1), group * dimension(query, 2), dimension(key, 2)] }];
  },
  lower: (graph, [q, k, v, mask]) => {
    const [query, key] = [given(q), given(k)];
    const [batch, heads, length, size] = [dimension(query, 0), dimension(query, 1), dimension(query, 2), dimension(query, 3)];
    const [keyValueHeads, keys] = [dimension(key, 1), dimension(key, 2)];
    const scores = matMul(graph, grouped(graph, query, keyValueHeads), key, { transposeB: true, alpha: 1 / Math.sqrt(size) });
    const masked = add(graph, reshape(graph, scores, [batch, heads, length, keys]), given(mask));
    const probabilities = reshape(graph, softmax(graph, masked), [batch, keyValueHeads, (heads / keyValueHeads) * length, keys]);
    return [reshape(graph, matMul(graph, probabilities, given(v)), query.shape), probabilities];
  },
  gradient: (graph, { inputs: [q, k, v], outputs: [y, p], grads: [g], needs }) => {
    const [query, key, probabilities] = [given(q), given(k), given(p)];
    const heads = dimension(key, 1);
    const alpha = 1 / Math.sqrt(dimension(query, 3));
    const grad = grouped(graph, given(g), heads);
    // Σ p · dp over the keys is Σ y · dy over the head's elements (Dao et al. 2022), which is shorter.
    const dot = reduceSum(graph, mul(graph, grad, grouped(graph, given(y), heads)), [3], true);
    const scoreGrad = mul(graph, sub(graph, matMul(graph, grad, given(v), { transposeB: true }), dot), probabilities);
    return [
      needs[0] ? reshape(graph, matMul(graph, scoreGrad, key, { alpha }), query.shape) : undefined,
      needs[1] ? matMul(graph, scoreGrad, grouped(graph, query, heads), { transposeA: true, alpha }) : undefined,
      needs[2] ? matMul(graph, probabilities, grad, { transposeA: true }) : undefined,
    ];
  },
});
/**
 * softmax(q kᵀ / √d + mask) v, with grouped key and value heads (Ainslie et al. 2023).
 * q: [b, heads, s, d]; k, v: [b, key-value heads, t, d]; mask: broadcastable to [b, heads, s, t], 0 where a position may
 * look and a large negative number where not → [b, heads, s, d].
 */
export const attention = (graph: Graph, q: Value, k: Value, v: Value, mask: Value): Value =>
  first(attentionOp(graph, [q, k, v, mask], undefined));

/** Shorter blocks of queries cost more in passes than they save in scores. */
const shortestBlock = 64;
const mostBlocks = 4;

/**
 * The same where the mask hides all later positions: queries are taken in blocks, each with the keys up to its own end only, which leaves
 * out up to three eighths of the scores. q: [b, heads, s, d]; k, v: [b, key-value heads, s, d]; mask: [1 or b, 1, s, s] → [b, heads, s, d].
 */
export function causalAttention(graph: Graph, q: Value, k: Value, v: Value, mask: Value): Value {
  const length = dimension(q, 2);
  const blocks = Math.min(mostBlocks, Math.floor(length / shortestBlock));
  if (blocks < 2) return attention(graph, q, k, v, mask);
  const ends = Array.from({ length: blocks }, (_, block) => Math.round(((block + 1) * length) / blocks));
  const sizes = ends.map((end, block) => end - (ends[block - 1] ?? 0));
  const rows = split(graph, mask, 2, sizes);
  const mixed = split(graph, q, 2, sizes).map((query, block) => {
    const end = ends[block] ?? length;
    const seen = (x: Value, axis: number) => (end === length ? x : slice(graph, x, axis, 0, end));
    return attention(graph, query, seen(k, 2), seen(v, 2), seen(given(rows[block]), 3));
  });
  return concat(graph, mixed, 2);
}
