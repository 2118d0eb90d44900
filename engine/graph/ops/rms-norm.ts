import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { float, int, int64s } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, first, floatType, given } from '../types.ts';
import { mul, scale, sub } from './arithmetic.ts';
import { gemm } from './matmul.ts';
import { reduceSum, reshape } from './shape.ts';

/** y = x / rms(x) · w over the last axis (Zhang & Sennrich 2019), with 1 / rms(x) kept for the backward pass. */
const rmsNormOp = defineOp<{ epsilon: number }>('RmsNorm', {
  recompute: true,
  infer: ([x, w]) => {
    const [from, weight] = [given(x), given(w)];
    if (from.shape.length !== 2 || weight.shape.length !== 1 || dimension(from, 1) !== dimension(weight, 0))
      throw new RangeError(`RmsNorm: ${describe(from)} with weight ${describe(weight)}`);
    return [from, { dtype: from.dtype, shape: [dimension(from, 0), 1] }];
  },
  // ONNX Runtime's fused operator exists in single precision only. Its second result is 1 / rms; WebGPU's kernel gives the mean there.
  emit: (emitter, [x = '', w = ''], [y = '', inverse = ''], { epsilon }, node) => {
    const dtype = floatType(given(node.inputs[0]));
    if (dtype === 'float32' && emitter.device !== 'webgpu') {
      emitter.node('SimplifiedLayerNormalization', [x, w], [y, inverse], { axis: int(-1), epsilon: float(epsilon) });
      return;
    }
    const shift = emitter.literal(dtype === 'float64' ? Float64Array.of(epsilon) : Float32Array.of(epsilon), dtype, []);
    emitter.node('Mul', [x, x], [`${y}_square`]);
    emitter.node('ReduceMean', [`${y}_square`, int64s(emitter, [1])], [`${y}_mean`], { keepdims: int(1) });
    emitter.node('Add', [`${y}_mean`, shift], [`${y}_shifted`]);
    emitter.node('Sqrt', [`${y}_shifted`], [`${y}_rms`]);
    emitter.node('Reciprocal', [`${y}_rms`], [inverse]);
    emitter.node('Mul', [x, inverse], [`${y}_normalised`]);
    emitter.node('Mul', [`${y}_normalised`, w], [y]);
  },
  gradient: (graph, { inputs: [x, w], outputs: [, inverse], grads: [g], needs }) => {
    const [from, weight, grad, rms] = [given(x), given(w), given(g), given(inverse)];
    const normalised = mul(graph, from, rms);
    const inputGrad = () => {
      const weighted = mul(graph, grad, weight);
      const mean = scale(graph, reduceSum(graph, mul(graph, weighted, normalised), [1], true), 1 / dimension(from, 1));
      return mul(graph, sub(graph, weighted, mul(graph, normalised, mean)), rms);
    };
    const weightGrad = () => {
      const ones = graph.filled(1, floatType(from), [1, dimension(from, 0)]);
      return reshape(graph, gemm(graph, ones, mul(graph, grad, normalised)), weight.shape);
    };
    return [needs[0] ? inputGrad() : undefined, needs[1] ? weightGrad() : undefined];
  },
});
/** x: [n, d], w: [d] → [n, d]. */
export const rmsNorm = (graph: Graph, x: Value, w: Value, epsilon: number): Value => first(rmsNormOp(graph, [x, w], { epsilon }));
