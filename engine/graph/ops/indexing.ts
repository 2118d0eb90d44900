import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { int, text, int64s } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, first, floatType, given } from '../types.ts';
import { concat, expand, reshape } from './shape.ts';

const embeddingOp = defineOp('Embedding', {
  infer: ([table, ids]) => [{ dtype: given(table).dtype, shape: [...given(ids).shape, dimension(given(table), 1)] }],
  emit: (emitter, inputs, outputs) => emitter.node('Gather', inputs, outputs, { axis: int(0) }),
  gradient: (graph, { inputs: [table, ids], grads: [grad] }) => [
    scatterAddRows(graph, given(ids), given(grad), dimension(given(table), 0)),
  ],
});
/** Rows of a table. table: [v, d], ids: int32 [n] → [n, d]. */
export const embedding = (graph: Graph, table: Value, ids: Value): Value => first(embeddingOp(graph, [table, ids], undefined));

const scatterAddRowsOp = defineOp<{ rows: number }>('ScatterAddRows', {
  infer: ([, values], { rows }) => [{ dtype: given(values).dtype, shape: [rows, dimension(given(values), 1)] }],
  lower: (graph, [ids, values], { rows }) => {
    const added = given(values);
    const [count, width] = [dimension(added, 0), dimension(added, 1)];
    const zeros = graph.filled(0, floatType(added), [1, 1]);
    const indices = expand(graph, reshape(graph, given(ids), [count, 1]), [count, width]);
    return [first(scatterElementsOp(graph, [expand(graph, zeros, [rows, width]), indices, added], undefined))];
  },
});
/** Rows added up at their places, in order, so that the sum is the same every time. ids: int32 [n], values: [n, d] → [rows, d]. */
const scatterAddRows = (graph: Graph, ids: Value, values: Value, rows: number): Value =>
  first(scatterAddRowsOp(graph, [ids, values], { rows }));

const scatterElementsOp = defineOp('ScatterElements', {
  infer: ([into]) => [given(into)],
  emit: (emitter, inputs, outputs) => emitter.node('ScatterElements', inputs, outputs, { axis: int(0), reduction: text('add') }),
});

const pickRowsOp = defineOp('PickRows', {
  infer: ([x, rows, places]) => {
    const [from, chosen, back] = [given(x), given(rows), given(places)];
    if (dimension(back, 0) !== dimension(from, 0)) throw new RangeError(`PickRows: ${describe(from)} with places ${describe(back)}`);
    return [{ dtype: from.dtype, shape: [dimension(chosen, 0), dimension(from, 1)] }];
  },
  lower: (graph, [x, rows]) => [embedding(graph, given(x), given(rows))],
  gradient: (graph, { inputs: [x, , places], grads: [g] }) => {
    const grad = given(g);
    const zero = graph.filled(0, floatType(grad), [1, dimension(given(x), 1)]);
    return [embedding(graph, concat(graph, [grad, zero], 0), given(places))];
  },
});
/**
 * Some rows of a matrix, each at most once that matters. x: [n, d], rows: int32 [t] → [t, d].
 * @param places int32 [n]: where in `rows` each row of x went, or t for rows that were left out. It is the way back,
 *   so that the gradient is a gather too.
 */
export const pickRows = (graph: Graph, x: Value, rows: Value, places: Value): Value =>
  first(pickRowsOp(graph, [x, rows, places], undefined));

const pickColumnOp = defineOp('PickColumn', {
  infer: ([x, columns]) => [{ dtype: given(x).dtype, shape: [dimension(given(columns), 0), 1] }],
  emit: (emitter, [x = '', columns = ''], [out = ''], _attributes, node) => {
    const size = dimension(given(node.inputs[1]), 0);
    emitter.node('Reshape', [columns, int64s(emitter, [size, 1])], [`${out}_columns`]);
    emitter.node('GatherElements', [x, `${out}_columns`], [out], { axis: int(1) });
  },
});
/** One element of each row. x: [t, v], columns: int32 [t] → [t, 1]. */
export const pickColumn = (graph: Graph, x: Value, columns: Value): Value => first(pickColumnOp(graph, [x, columns], undefined));

const oneHotOp = defineOp<{ width: number; dtype: 'float32' | 'float64' }>('OneHot', {
  infer: ([ids], { width, dtype }) => [{ dtype, shape: [dimension(given(ids), 0), width] }],
  emit: (emitter, [ids = ''], [out = ''], { width, dtype }) => {
    const levels = emitter.literal(Float32Array.of(0, 1), 'float32', [2]);
    const depth = emitter.literal(Int32Array.of(width), 'int32', [1]);
    if (dtype === 'float32') {
      emitter.node('OneHot', [ids, depth, levels], [out]);
      return;
    }
    emitter.node('OneHot', [ids, depth, levels], [`${out}_single`]);
    emitter.node('Cast', [`${out}_single`], [out], { to: int(11) });
  },
});
/** 1 at the place that each id names, 0 elsewhere. ids: int32 [t] → [t, width]. */
export const oneHot = (graph: Graph, ids: Value, width: number, dtype: 'float32' | 'float64'): Value =>
  first(oneHotOp(graph, [ids], { width, dtype }));
