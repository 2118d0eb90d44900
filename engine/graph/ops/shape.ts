import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { int, ints, int64s } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, elements, first, floatType, given } from '../types.ts';

const reshapeOp = defineOp<{ shape: readonly number[] }>('Reshape', {
  infer: ([x], { shape }) => {
    const from = given(x);
    if (elements(from.shape) !== elements(shape)) throw new RangeError(`Reshape: ${describe(from)} to [${shape.join(', ')}]`);
    return [{ dtype: from.dtype, shape }];
  },
  emit: (emitter, inputs, outputs, { shape }) => emitter.node('Reshape', [...inputs, int64s(emitter, shape)], outputs),
  gradient: (graph, { inputs: [x], grads: [grad] }) => [reshape(graph, given(grad), given(x).shape)],
});
/** The same elements in another shape. */
export const reshape = (graph: Graph, x: Value, shape: readonly number[]): Value => first(reshapeOp(graph, [x], { shape }));

const transposeOp = defineOp<{ order: readonly number[] }>('Transpose', {
  infer: ([x], { order }) => [{ dtype: given(x).dtype, shape: order.map((axis) => dimension(given(x), axis)) }],
  emit: (emitter, inputs, outputs, { order }) => emitter.node('Transpose', inputs, outputs, { perm: ints(order) }),
  gradient: (graph, { grads: [grad], attributes: { order } }) => [
    transpose(
      graph,
      given(grad),
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
});
/** Axes in another order: axis i of the result is axis order[i] of x. */
export const transpose = (graph: Graph, x: Value, order: readonly number[]): Value => first(transposeOp(graph, [x], { order }));

const concatOp = defineOp<{ axis: number }>('Concat', {
  infer: (parts, { axis }) => {
    const head = first(parts);
    const total = parts.reduce((sum, part) => sum + dimension(part, axis), 0);
    for (const part of parts) {
      const fits = part.dtype === head.dtype && part.shape.every((size, index) => index === axis || size === head.shape[index]);
      if (!fits) throw new RangeError(`Concat along axis ${axis}: ${parts.map(describe).join(', ')}`);
    }
    return [{ dtype: head.dtype, shape: head.shape.map((size, index) => (index === axis ? total : size)) }];
  },
  emit: (emitter, inputs, outputs, { axis }) => emitter.node('Concat', inputs, outputs, { axis: int(axis) }),
  gradient: (graph, { inputs, grads: [grad], attributes: { axis } }) =>
    split(
      graph,
      given(grad),
      axis,
      inputs.map((part) => dimension(part, axis)),
    ),
});
/** Tensors one after the other along an axis (counted from the front). */
export const concat = (graph: Graph, parts: readonly Value[], axis: number): Value => first(concatOp(graph, parts, { axis }));

const sliceOp = defineOp<{ axis: number; start: number; end: number }>('Slice', {
  infer: ([x], { axis, start, end }) => {
    const from = given(x);
    if (start < 0 || end > dimension(from, axis) || start >= end)
      throw new RangeError(`Slice ${start}:${end} along axis ${axis} of ${describe(from)}`);
    return [{ dtype: from.dtype, shape: from.shape.map((size, index) => (index === axis ? end - start : size)) }];
  },
  emit: (emitter, inputs, outputs, { axis, start, end }) =>
    emitter.node('Slice', [...inputs, int64s(emitter, [start]), int64s(emitter, [end]), int64s(emitter, [axis])], outputs),
  gradient: (graph, { inputs: [x], grads: [grad], attributes: { axis, start, end } }) => {
    const whole = given(x);
    if (whole.dtype !== 'float32' && whole.dtype !== 'float64') return [undefined];
    const dtype = whole.dtype;
    const zeros = (size: number) =>
      size > 0
        ? [
            graph.filled(
              0,
              dtype,
              whole.shape.map((n, index) => (index === axis ? size : n)),
            ),
          ]
        : [];
    return [concat(graph, [...zeros(start), given(grad), ...zeros(dimension(whole, axis) - end)], axis)];
  },
});
/** Elements start … end−1 along one axis (counted from the front). */
export const slice = (graph: Graph, x: Value, axis: number, start: number, end: number): Value =>
  first(sliceOp(graph, [x], { axis, start, end }));

const splitOp = defineOp<{ axis: number; sizes: readonly number[] }>('Split', {
  infer: ([x], { axis, sizes }) => {
    const from = given(x);
    if (sizes.reduce((sum, size) => sum + size, 0) !== dimension(from, axis))
      throw new RangeError(`Split into ${sizes.join(' + ')} along axis ${axis} of ${describe(from)}`);
    return sizes.map((size) => ({ dtype: from.dtype, shape: from.shape.map((n, index) => (index === axis ? size : n)) }));
  },
  emit: (emitter, inputs, outputs, { axis, sizes }) =>
    emitter.node('Split', [...inputs, int64s(emitter, sizes)], outputs, { axis: int(axis) }),
  gradient: (graph, { outputs, grads, attributes: { axis } }) => {
    const zeros = (part: Value) => graph.filled(0, floatType(part), part.shape);
    return [
      concat(
        graph,
        outputs.map((part, index) => grads[index] ?? zeros(part)),
        axis,
      ),
    ];
  },
});
/** A tensor cut into parts of some sizes along an axis (counted from the front). */
export const split = (graph: Graph, x: Value, axis: number, sizes: readonly number[]): readonly Value[] =>
  splitOp(graph, [x], { axis, sizes });

const reduceSumOp = defineOp<{ axes: readonly number[]; keep: boolean }>('ReduceSum', {
  infer: ([x], { axes, keep }) => [
    { dtype: given(x).dtype, shape: given(x).shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size])) },
  ],
  emit: (emitter, inputs, outputs, { axes, keep }) =>
    emitter.node('ReduceSum', [...inputs, int64s(emitter, axes)], outputs, { keepdims: int(keep ? 1 : 0) }),
  gradient: (graph, { inputs: [x], grads: [grad], attributes: { axes } }) => {
    const from = given(x);
    const kept = from.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return [expand(graph, reshape(graph, given(grad), kept), from.shape)];
  },
});
/** Sum over some axes (counted from the front); with `keep` they stay as axes of size 1. */
export const reduceSum = (graph: Graph, x: Value, axes: readonly number[], keep = false): Value =>
  first(reduceSumOp(graph, [x], { axes, keep }));

const expandOp = defineOp<{ shape: readonly number[] }>('Expand', {
  infer: ([x], { shape }) => [{ dtype: given(x).dtype, shape }],
  emit: (emitter, inputs, outputs, { shape }) => emitter.node('Expand', [...inputs, int64s(emitter, shape)], outputs),
  gradient: (graph, { inputs: [x], grads: [grad] }) => {
    const from = given(x);
    const axes = from.shape.flatMap((size, axis) => (size === 1 && given(grad).shape[axis] !== 1 ? [axis] : []));
    return [axes.length > 0 ? reduceSum(graph, given(grad), axes, true) : given(grad)];
  },
});
/** Axes of size 1 repeated up to a shape of the same rank. */
export const expand = (graph: Graph, x: Value, shape: readonly number[]): Value => first(expandOp(graph, [x], { shape }));
