import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { float, int, int64s } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, first, floatType, given } from '../types.ts';
import { mul, scale, sub } from './arithmetic.ts';
import { gemm } from './matmul.ts';
import { reduceSum, reshape } from './shape.ts';

/** y = (x − mean) / deviation · w + b over the last axis (Ba et al. 2016), with the mean and 1 / deviation kept for the backward pass. */
const layerNormOp = defineOp<{ epsilon: number }>('LayerNorm', {
  infer: ([x, w, b]) => {
    const [from, weight, bias] = [given(x), given(w), given(b)];
    const fits = from.shape.length === 2 && [weight, bias].every(({ shape }) => shape.length === 1 && shape[0] === dimension(from, 1));
    if (!fits) throw new RangeError(`LayerNorm: ${describe(from)} with weight ${describe(weight)} and bias ${describe(bias)}`);
    const row = { dtype: from.dtype, shape: [dimension(from, 0), 1] };
    return [from, row, row];
  },
  // The fused operator gives mean and 1 / deviation in single precision only.
  emit: (emitter, [x = '', w = '', b = ''], [y = '', mean = '', inverse = ''], { epsilon }, node) => {
    if (given(node.inputs[0]).dtype === 'float32') {
      emitter.node('LayerNormalization', [x, w, b], [y, mean, inverse], { axis: int(-1), epsilon: float(epsilon) });
      return;
    }
    const last = int64s(emitter, [1]);
    emitter.node('ReduceMean', [x, last], [mean], { keepdims: int(1) });
    emitter.node('Sub', [x, mean], [`${y}_centred`]);
    emitter.node('Mul', [`${y}_centred`, `${y}_centred`], [`${y}_square`]);
    emitter.node('ReduceMean', [`${y}_square`, last], [`${y}_variance`], { keepdims: int(1) });
    emitter.node('Add', [`${y}_variance`, emitter.literal(Float64Array.of(epsilon), 'float64', [])], [`${y}_shifted`]);
    emitter.node('Sqrt', [`${y}_shifted`], [`${y}_deviation`]);
    emitter.node('Reciprocal', [`${y}_deviation`], [inverse]);
    emitter.node('Mul', [`${y}_centred`, inverse], [`${y}_normalised`]);
    emitter.node('Mul', [`${y}_normalised`, w], [`${y}_scaled`]);
    emitter.node('Add', [`${y}_scaled`, b], [y]);
  },
  gradient: (graph, { inputs: [x, w, b], outputs: [, mean, inverse], grads: [g], needs }) => {
    const [from, weight, grad, scaling] = [given(x), given(w), given(g), given(inverse)];
    const normalised = mul(graph, sub(graph, from, given(mean)), scaling);
    const rowMean = (value: Value) => scale(graph, reduceSum(graph, value, [1], true), 1 / dimension(from, 1));
    const inputGrad = () => {
      const weighted = mul(graph, grad, weight);
      const along = mul(graph, normalised, rowMean(mul(graph, weighted, normalised)));
      return mul(graph, sub(graph, sub(graph, weighted, rowMean(weighted)), along), scaling);
    };
    const columnSum = (value: Value, like: Value) => {
      const ones = graph.filled(1, floatType(from), [1, dimension(from, 0)]);
      return reshape(graph, gemm(graph, ones, value), like.shape);
    };
    return [
      needs[0] ? inputGrad() : undefined,
      needs[1] ? columnSum(mul(graph, grad, normalised), weight) : undefined,
      needs[2] ? columnSum(grad, given(b)) : undefined,
    ];
  },
});
/** x: [n, d], w, b: [d] → [n, d]. */
export const layerNorm = (graph: Graph, x: Value, w: Value, b: Value, epsilon: number): Value =>
  first(layerNormOp(graph, [x, w, b], { epsilon }));
