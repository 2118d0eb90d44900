import { defineOp, type Op } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { int } from '../../onnx/emitter.ts';
import { type FloatType, type TensorType, type Value, describe, first, given, sameShape } from '../types.ts';
import { reduceSum, reshape } from './shape.ts';

/** The shape of two tensors that are stretched over each other (NumPy broadcasting). */
function broadcast(op: string, a: TensorType, b: TensorType): TensorType {
  if (a.dtype !== b.dtype) throw new RangeError(`${op}: ${describe(a)} and ${describe(b)} differ in type`);
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape = Array.from({ length: rank }, (_, index) => {
    const x = a.shape[index - rank + a.shape.length] ?? 1;
    const y = b.shape[index - rank + b.shape.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`${op}: ${describe(a)} and ${describe(b)} do not fit`);
    return x === 1 ? y : x;
  });
  return { dtype: a.dtype, shape };
}

/** Sums a gradient over the axes along which the input was stretched. */
function unbroadcast(graph: Graph, grad: Value, input: Value): Value {
  if (sameShape(grad.shape, input.shape)) return grad;
  const lead = grad.shape.length - input.shape.length;
  const axes = grad.shape.flatMap((size, axis) => (axis < lead || (size !== 1 && input.shape[axis - lead] === 1) ? [axis] : []));
  return reshape(graph, reduceSum(graph, grad, axes, true), input.shape);
}

type BinaryGradient = (graph: Graph, grad: Value, a: Value, b: Value, needs: readonly boolean[]) => readonly (Value | undefined)[];

function binary(type: string, gradient: BinaryGradient): (graph: Graph, a: Value, b: Value) => Value {
  const op: Op<undefined> = defineOp(type, {
    infer: ([a, b]) => [broadcast(type, given(a), given(b))],
    emit: (emitter, inputs, outputs) => emitter.node(type, inputs, outputs),
    gradient: (graph, { inputs: [a, b], grads: [grad], needs }) => {
      const parts = gradient(graph, given(grad), given(a), given(b), needs);
      return [a, b].map((value, index) => {
        const part = parts[index];
        return part && needs[index] ? unbroadcast(graph, part, given(value)) : undefined;
      });
    },
  });
  return (graph, a, b) => first(op(graph, [a, b], undefined));
}

export const add = binary('Add', (_graph, grad) => [grad, grad]);

export const sub = binary('Sub', (graph, grad, _a, _b, needs) => [grad, needs[1] ? negate(graph, grad) : undefined]);

export const mul = binary('Mul', (graph, grad, a, b, needs) => [
  needs[0] ? mul(graph, grad, b) : undefined,
  needs[1] ? mul(graph, grad, a) : undefined,
]);

export const div = binary('Div', (graph, grad, a, b, needs) => [
  needs[0] ? div(graph, grad, b) : undefined,
  needs[1] ? negate(graph, div(graph, mul(graph, grad, a), mul(graph, b, b))) : undefined,
]);

function unary(type: string, gradient?: (graph: Graph, grad: Value, x: Value, y: Value) => Value): (graph: Graph, x: Value) => Value {
  const op: Op<undefined> = defineOp(type, {
    infer: ([x]) => [given(x)],
    emit: (emitter, inputs, outputs) => emitter.node(type, inputs, outputs),
    gradient: gradient && ((graph, { inputs: [x], outputs: [y], grads: [grad] }) => [gradient(graph, given(grad), given(x), given(y))]),
  });
  return (graph, x) => first(op(graph, [x], undefined));
}

export const negate = unary('Neg', (graph, grad) => negate(graph, grad));
/** Natural logarithm. */
export const log = unary('Log', (graph, grad, x) => div(graph, grad, x));
/** 1 / (1 + e⁻ˣ) */
export const sigmoid = unary('Sigmoid', (graph, grad, _x, y) => mul(graph, grad, mul(graph, y, sub(graph, graph.scalar(1, y.dtype), y))));

/** eˣ */
export const exponential = unary('Exp', (graph, grad, _x, y) => mul(graph, grad, y));
export const squareRoot = unary('Sqrt', (graph, grad, _x, y) => scale(graph, div(graph, grad, y), 0.5));

/** Of an angle in radians. */
export const cosine = unary('Cos', (graph, grad, x) => negate(graph, mul(graph, grad, sine(graph, x))));
export const sine = unary('Sin', (graph, grad, x) => mul(graph, grad, cosine(graph, x)));

/** A choice between two elements; no gradient flows through it. */
function choice(type: 'Max' | 'Min'): (graph: Graph, a: Value, b: Value) => Value {
  const op = defineOp(type, {
    infer: ([a, b]) => [broadcast(type, given(a), given(b))],
    emit: (emitter, inputs, outputs) => emitter.node(type, inputs, outputs),
  });
  return (graph, a, b) => first(op(graph, [a, b], undefined));
}
/** Element-wise larger of two. */
export const maximum = choice('Max');
/** Element-wise smaller of two. */
export const minimum = choice('Min');

const toFloatOp = defineOp<{ dtype: FloatType }>('ToFloat', {
  infer: ([x], { dtype }) => [{ dtype, shape: given(x).shape }],
  emit: (emitter, inputs, outputs, { dtype }) => emitter.node('Cast', inputs, outputs, { to: int(dtype === 'float64' ? 11 : 1) }),
});
/** Whole numbers as floating point ones. x: int32. */
export const toFloat = (graph: Graph, x: Value, dtype: FloatType): Value => first(toFloatOp(graph, [x], { dtype }));

/** x · factor */
export const scale = (graph: Graph, x: Value, factor: number): Value => (factor === 1 ? x : mul(graph, x, graph.scalar(factor, x.dtype)));
