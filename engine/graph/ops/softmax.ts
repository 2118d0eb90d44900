import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { int } from '../../onnx/emitter.ts';
import { type Value, first, given } from '../types.ts';
import { mul, sub } from './arithmetic.ts';
import { reduceSum } from './shape.ts';

const softmaxOp = defineOp('Softmax', {
  infer: ([x]) => [given(x)],
  emit: (emitter, inputs, outputs) => emitter.node('Softmax', inputs, outputs, { axis: int(-1) }),
  gradient: (graph, { outputs: [y], grads: [g] }) => {
    const [probabilities, grad] = [given(y), given(g)];
    const dot = reduceSum(graph, mul(graph, grad, probabilities), [probabilities.shape.length - 1], true);
    return [mul(graph, sub(graph, grad, dot), probabilities)];
  },
});
/** eˣ / Σ eˣ over the last axis. */
export const softmax = (graph: Graph, x: Value): Value => first(softmaxOp(graph, [x], undefined));
