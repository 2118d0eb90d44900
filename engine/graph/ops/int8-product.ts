import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { int, int64s } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, first, given, sameShape } from '../types.ts';
import type { LinearLayer } from '../../models/tensor-list.ts';
import { mul } from './arithmetic.ts';
import { transpose } from './shape.ts';

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
  emit: (emitter, [x = ''], [codes = '', scale = ''], _attributes, { outputs }) => {
    const number = (value: number) => emitter.literal(Float32Array.of(value), 'float32', []);
    // The memory is read three times and written once, in eight bits: all that these passes take is memory.
    const axis = int64s(emitter, [1]);
    emitter.node('ReduceMax', [x, axis], [`${codes}_highest`], { keepdims: int(1) });
    emitter.node('ReduceMin', [x, axis], [`${codes}_lowest`], { keepdims: int(1) });
    emitter.node('Neg', [`${codes}_lowest`], [`${codes}_depth`]);
    emitter.node('Max', [`${codes}_highest`, `${codes}_depth`, number(1e-30)], [`${codes}_limit`]);
    emitter.node('Mul', [`${codes}_limit`, number(1 / 127)], [scale]);
    const rows = dimension(first(outputs), 0);
    emitter.node('Reshape', [scale, int64s(emitter, [rows])], [`${codes}_scale`]);
    const zeros = emitter.literal(new Uint8Array(rows).fill(zeroPoint), 'uint8', [rows]);
    emitter.node('QuantizeLinear', [x, `${codes}_scale`, zeros], [codes], { axis: int(0) });
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

type Layout = LinearLayer['layout'];

/** Codes of a weight with the inputs first, or with the outputs first. Turning them takes a fraction of the product. */
const laidOut = (graph: Graph, codes: Value, layout: Layout, wanted: Layout): Value =>
  layout === wanted ? codes : transpose(graph, codes, [1, 0]);

const int8ProductOp = defineOp<{ layout: Layout }>('Int8Product', {
  infer: ([x, , , , scale]) => [{ dtype: 'float32', shape: [dimension(given(x), 0), dimension(given(scale), 0)] }],
  lower: (graph, [, rows, rowScale, codes, scale], { layout }) => [
    integerMatMul(graph, [given(rows), given(rowScale)], laidOut(graph, given(codes), layout, 'in-out'), given(scale)),
  ],
  gradient: (graph, { inputs: [x, , , codes, scale], grads: [g], needs, attributes: { layout } }) => {
    if (!needs[0]) return [];
    const ones = graph.filled(1, 'float32', [dimension(given(x), 1)]);
    const rows = quantizeRows(graph, mul(graph, given(g), given(scale)));
    return [integerMatMul(graph, rows, laidOut(graph, given(codes), layout, 'out-in'), ones)];
  },
});
/**
 * x · Ŵᵀ in whole numbers, for a frozen weight Ŵ = codes · scale: rows of x, and of the gradient on the way back, are rounded to eight
 * bits by a factor of their own, as in SwitchBack (Wortsman et al. 2023). x: [m, in] → [m, out].
 * @param rows what `quantizeRows` made of x; several layers may share it.
 * @param weight codes: int8 [out, in] or [in, out], as the layout says. scale: [out].
 */
export const int8Product = (
  graph: Graph,
  x: Value,
  rows: readonly Value[],
  { codes, scale, layout }: { codes: Value; scale: Value; layout: Layout },
): Value => first(int8ProductOp(graph, [x, given(rows[0]), given(rows[1]), codes, scale], { layout }));
