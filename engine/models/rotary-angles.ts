import type { Graph } from '../graph/graph.ts';
import { cosine, mul, scale, sine, toFloat } from '../graph/ops/arithmetic.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { FloatType } from '../graph/types.ts';
import type { Angles, ForwardInputs } from './family.ts';
import type { RopeFrequencies } from './rope.ts';

/** Angles of a second kind of rotary positions, computed in the graph: [b, s, head size / 2]. */
export function rotaryAngles(
  graph: Graph,
  { inverse, attentionScale }: RopeFrequencies,
  { positions, batch, length }: ForwardInputs,
  dtype: FloatType,
): Angles {
  const frequencies = dtype === 'float64' ? inverse : Float32Array.from(inverse);
  const rows = toFloat(graph, reshape(graph, positions, [batch * length, 1]), dtype);
  const turned = mul(graph, rows, graph.constant(frequencies, dtype, [1, inverse.length]));
  const angles = reshape(graph, turned, [batch, length, inverse.length]);
  return { cos: scale(graph, cosine(graph, angles), attentionScale), sin: scale(graph, sine(graph, angles), attentionScale) };
}
