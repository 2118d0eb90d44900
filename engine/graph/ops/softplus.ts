import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, first, given } from '../types.ts';
import { add, exponential, log, maximum, mul, negate, sigmoid } from './arithmetic.ts';

const softplusOp = defineOp('Softplus', {
  infer: ([x]) => [given(x)],
  // max(x, 0) + log(1 + e^−|x|): the power is never larger than one.
  lower: (graph, [x]) => {
    const value = given(x);
    const opposite = negate(graph, value);
    const power = exponential(graph, negate(graph, maximum(graph, value, opposite)));
    const positive = maximum(graph, value, graph.scalar(0, value.dtype));
    return [add(graph, positive, log(graph, add(graph, graph.scalar(1, value.dtype), power)))];
  },
  gradient: (graph, { inputs: [x], grads: [grad] }) => [mul(graph, given(grad), sigmoid(graph, given(x)))],
});
/** log(1 + eˣ), which is −log σ(−x). */
export const softplus = (graph: Graph, x: Value): Value => first(softplusOp(graph, [x], undefined));
