import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { int, int64s } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, first, given, sameShape } from '../types.ts';
import { mul } from './arithmetic.ts';

/** Where zero lies among the codes of a row. */
const zeroPoint = 128;

const quantizeRowsOp = defineOp('QuantizeRows', {
  infer: ([x]) => {
    const from = given(x);
    if (from.dtype !== 'float32' || from.shape.length !== 2) throw new RangeError(`QuantizeRows: ${describe(from)}`);
    return [
      { dtype: 'uint8', shape: from.shape },
      { dtype: 'float32', shape: [dimension(from, 0), 1] },
    ];
  },
  emit: (emitter, [x = ''], [codes = '', scale = '']) => {
    const number = (value: number) => emitter.literal(Float32Array.of(value), 'float32', []);
    emitter.node('Abs', [x], [`${codes}_size`]);
    emitter.node('ReduceMax', [`${codes}_size`, int64s(emitter, [1])], [`${codes}_largest`], { keepdims: int(1) });
    emitter.node('Max', [`${codes}_largest`, number(1e-30)], [`${codes}_limit`]);
    emitter.node('Mul', [`${codes}_limit`, number(1 / 127)], [scale]);
    emitter.node('Div', [x, scale], [`${codes}_scaled`]);
    const zero = emitter.literal(Uint8Array.of(zeroPoint), 'uint8', []);
    emitter.node('QuantizeLinear', [`${codes}_scaled`, number(1), zero], [codes]);
  },
});

const integerMatMulOp = defineOp('IntegerMatMul', {
  infer: ([codes, rowScale, weight, columnScale]) => {
    const [left, rows, right, columns] = [given(codes), given(rowScale), given(weight), given(columnScale)];
    const fits = dimension(left, 1) === dimension(right, 0) && dimension(right, 1) === dimension(columns, 0);
    if (!fits || !sameShape(rows.shape, [dimension(left, 0), 1]))
      throw new RangeError(`IntegerMatMul: ${describe(left)} and ${describe(right)} with factors ${describe(rows)}, ${describe(columns)}`);
    return [{ dtype: 'float32', shape: [dimension(left, 0), dimension(right, 1)] }];
  },
  emit: (emitter, [codes = '', rowScale = '', weight = '', columnScale = ''], [out = '']) => {
    const one = emitter.literal(Float32Array.of(1), 'float32', []);
    const zero = emitter.literal(Uint8Array.of(zeroPoint), 'uint8', []);
    emitter.node('MatMulIntegerToFloat', [codes, weight, one, columnScale, zero], [`${out}_product`], {}, 'com.microsoft');
    emitter.node('Mul', [`${out}_product`, rowScale], [out]);
  },
});

/** Rows as whole numbers, each with a factor of its own: largest magnitude / 127. x: [m, k] → uint8 [m, k] around 128, [m, 1]. */
export const quantizeRows = (graph: Graph, x: Value): readonly Value[] => quantizeRowsOp(graph, [x], undefined);

const integerMatMul = (graph: Graph, [codes, rowScale]: readonly Value[], weight: Value, columnScale: Value): Value =>
  first(integerMatMulOp(graph, [given(codes), given(rowScale), weight, columnScale], undefined));

const int8ProductOp = defineOp('Int8Product', {
  infer: ([x, , , forward]) => [{ dtype: 'float32', shape: [dimension(given(x), 0), dimension(given(forward), 1)] }],
  lower: (graph, [, codes, rowScale, forward, , scale]) => [
    integerMatMul(graph, [given(codes), given(rowScale)], given(forward), given(scale)),
  ],
  gradient: (graph, { inputs: [x, , , , backward, scale], grads: [g], needs }) => {
    if (!needs[0]) return [];
    const ones = graph.filled(1, 'float32', [dimension(given(x), 1)]);
    return [integerMatMul(graph, quantizeRows(graph, mul(graph, given(g), given(scale))), given(backward), ones)];
  },
});
/**
 * x · Ŵᵀ in whole numbers, for a frozen weight Ŵ = codes · scale: rows of x, and of the gradient on the way back, are rounded to eight
 * bits by a factor of their own, as in SwitchBack (Wortsman et al. 2023). x: [m, in] → [m, out].
 * @param rows what `quantizeRows` made of x; several layers may share it.
 * @param forward int8 [in, out]. @param backward the same, int8 [out, in]. @param scale [out].
 */
export const int8Product = (graph: Graph, x: Value, rows: readonly Value[], forward: Value, backward: Value, scale: Value): Value =>
  first(int8ProductOp(graph, [x, given(rows[0]), given(rows[1]), forward, backward, scale], undefined));
