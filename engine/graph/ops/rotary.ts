import { defineOp, type Op } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, describe, dimension, first, given } from '../types.ts';
import { add, mul, negate, sub } from './arithmetic.ts';
import { concat, reshape, split } from './shape.ts';

interface Rotation {
  /** Turns the other way: the inverse, and so the gradient of a rotation. */
  back: boolean;
}

const rotaryOp: Op<Rotation> = defineOp<Rotation>('Rotary', {
  infer: ([x, cos, sin]) => {
    const [from, c, s] = [given(x), given(cos), given(sin)];
    const fits =
      from.shape.length === 4 && c.shape.length === 3 && c.shape.join() === s.shape.join() && dimension(c, 2) * 2 === dimension(from, 3);
    if (!fits || dimension(c, 1) !== dimension(from, 2))
      throw new RangeError(`Rotary: ${describe(from)} with ${describe(c)} and ${describe(s)}`);
    return [from];
  },
  lower: (graph, [x, cos, sin], { back }) => {
    const [from, c, s] = [given(x), given(cos), given(sin)];
    const half = dimension(c, 2);
    const tables = [dimension(c, 0), 1, dimension(c, 1), half];
    const [cosine, sine] = [reshape(graph, c, tables), reshape(graph, back ? negate(graph, s) : s, tables)];
    const [left = from, right = from] = split(graph, from, 3, [half, half]);
    const turnedLeft = sub(graph, mul(graph, left, cosine), mul(graph, right, sine));
    const turnedRight = add(graph, mul(graph, right, cosine), mul(graph, left, sine));
    return [concat(graph, [turnedLeft, turnedRight], 3)];
  },
  gradient: (graph, { inputs: [, cos, sin], grads: [grad], attributes: { back } }) => [
    first(rotaryOp(graph, [given(grad), given(cos), given(sin)], { back: !back })),
  ],
});
/**
 * Rotary position embedding (Su et al. 2021) in the half-split layout of Hugging Face's Llama.
 * x: [b, heads, s, d]; cos, sin: [1 or b, s, d/2], the angle of each position → [b, heads, s, d].
 */
export const rotary = (graph: Graph, x: Value, cos: Value, sin: Value): Value => first(rotaryOp(graph, [x, cos, sin], { back: false }));
