import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { int, int64s, type OnnxEmitter } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, elements, first, given, sameShape } from '../types.ts';
import { gemm } from './matmul.ts';

/** The sixteen levels of NF4, quantiles of a normal distribution (Dettmers et al. 2023, appendix E), as bitsandbytes has them. */
export const nf4Levels: readonly number[] = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
  0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
  0.7229568362236023, 1,
];

/** Weights that share a factor in NF4. */
export const nf4Block = 64;

const fromHalfOp = defineOp('FromHalf', {
  infer: ([x]) => [{ dtype: 'float32', shape: given(x).shape }],
  emit: (emitter, [half = ''], [out = ''], _attributes, { inputs }) => {
    // A bfloat16 comes as the whole number that its bits are: nobody can hand one to ONNX Runtime.
    const isNumber = given(inputs[0]).dtype !== 'bfloat16';
    if (!isNumber) emitter.node('BitCast', [half], [`${out}_half`], { to: int(16) });
    emitter.node('Cast', [isNumber ? half : `${out}_half`], [out], { to: int(1) });
  },
  recompute: true,
});
/** A weight that is kept as float16 or bfloat16, in single precision: exactly. */
export const fromHalf = (graph: Graph, x: Value): Value => first(fromHalfOp(graph, [x], undefined));

const fromInt8Op = defineOp<{ axis: number }>('FromInt8', {
  infer: ([codes, scale], { axis }) => {
    const [stored, factors] = [given(codes), given(scale)];
    if (dimension(stored, axis) !== dimension(factors, 0))
      throw new RangeError(`FromInt8 along axis ${axis}: ${describe(stored)} with factors ${describe(factors)}`);
    return [{ dtype: 'float32', shape: stored.shape }];
  },
  emit: (emitter, inputs, outputs, { axis }) => emitter.node('DequantizeLinear', inputs, outputs, { axis: int(axis) }),
  recompute: true,
});
/**
 * codes · scale, with a factor for each place along an axis. codes: int8 [m, n], scale: [m] or [n].
 */
export const fromInt8 = (graph: Graph, codes: Value, scale: Value, axis: number): Value =>
  first(fromInt8Op(graph, [codes, scale], { axis }));

/** Levels times factors, a row a block. @returns their name */
function emitNf4Blocks(
  emitter: OnnxEmitter,
  [codes = '', scale = '', table = '']: readonly string[],
  out: string,
  shape: readonly number[],
): string {
  const blocks = elements(shape) / nf4Block;
  emitter.node('Cast', [codes], [`${out}_index`], { to: int(6) });
  emitter.node('Gather', [table, `${out}_index`], [`${out}_levels`], { axis: int(0) });
  emitter.node('Reshape', [`${out}_levels`, int64s(emitter, [blocks, nf4Block])], [`${out}_blocks`]);
  emitter.node('Reshape', [scale, int64s(emitter, [blocks, 1])], [`${out}_scale`]);
  emitter.node('Mul', [`${out}_blocks`, `${out}_scale`], [`${out}_scaled`]);
  return `${out}_scaled`;
}

const fromNf4Op = defineOp<{ shape: readonly number[] }>('FromNf4', {
  infer: ([codes, scale, table], { shape }) => {
    checkNf4('FromNf4', given(codes), given(scale), shape);
    if (!sameShape(given(table).shape, [65536, 4])) throw new RangeError(`FromNf4: table ${describe(given(table))}`);
    return [{ dtype: 'float32', shape }];
  },
  emit: (emitter, inputs, [out = ''], { shape }) => {
    const blocks = emitNf4Blocks(emitter, inputs, out, shape);
    emitter.node('Reshape', [blocks, int64s(emitter, shape)], [out]);
  },
  recompute: true,
});
/**
 * Weights in NF4 (Dettmers et al. 2023) in single precision.
 * @param codes uint16 [n / 4]: four weights each, the first in the upper half of the lower byte.
 * @param scale [n / 64]. @param table see nf4Table. @param shape of the weights, n of them, row-major.
 */
export const fromNf4 = (graph: Graph, codes: Value, scale: Value, table: Value, shape: readonly number[]): Value =>
  first(fromNf4Op(graph, [codes, scale, table], { shape }));

const nf4ToInt8Op = defineOp<{ shape: readonly number[] }>('Nf4ToInt8', {
  infer: ([codes, scale], { shape }) => {
    checkNf4('Nf4ToInt8', given(codes), given(scale), shape);
    return [{ dtype: 'int8', shape }];
  },
  emit: (emitter, inputs, [out = ''], { shape }) => {
    const blocks = emitNf4Blocks(emitter, inputs, out, shape);
    const [one, zero] = [emitter.literal(Float32Array.of(1), 'float32', []), emitter.literal(Int8Array.of(0), 'int8', [])];
    emitter.node('QuantizeLinear', [blocks, one, zero], [`${out}_rounded`]);
    emitter.node('Reshape', [`${out}_rounded`, int64s(emitter, shape)], [out]);
  },
  recompute: true,
});
/**
 * Weights in NF4 as int8: round(level · scale), ties to even.
 * @param scale [n / 64], 127 at most: the factor of each block by a factor that several blocks share. The rest as for `fromNf4`.
 */
export const nf4ToInt8 = (graph: Graph, codes: Value, scale: Value, table: Value, shape: readonly number[]): Value =>
  first(nf4ToInt8Op(graph, [codes, scale, table], { shape }));

const tables = new WeakMap<Graph, Value>();

/** The four levels that each 16-bit code stands for, [65536, 4], once for each graph: a look-up of many weights at once is quicker. */
export function nf4Table(graph: Graph): Value {
  const known = tables.get(graph);
  if (known) return known;
  const table = new Float32Array(4 * 65536);
  for (let code = 0; code < 65536; code++) {
    [code >> 4, code, code >> 12, code >> 8].forEach((level, place) => (table[4 * code + place] = nf4Levels[level & 15] ?? 0));
  }
  const value = graph.constant(table, 'float32', [65536, 4]);
  tables.set(graph, value);
  return value;
}

interface Nf4Shape {
  inputs: number;
  outputs: number;
}

const nf4MatMulOp = defineOp<Nf4Shape>('Nf4MatMul', {
  infer: ([x, codes, scale], { inputs, outputs }) => {
    checkNf4('Nf4MatMul', given(codes), given(scale), [outputs, inputs], 1);
    return [{ dtype: 'float32', shape: [dimension(given(x), 0), outputs] }];
  },
  emit: (emitter, operands, results, { inputs, outputs }) =>
    emitter.node(
      'MatMulBnb4',
      operands,
      results,
      { K: int(inputs), N: int(outputs), block_size: int(nf4Block), quant_type: int(1) },
      'com.microsoft',
    ),
});

const nf4ProductOp = defineOp<Nf4Shape>('Nf4Product', {
  infer: ([x], { outputs }) => [{ dtype: 'float32', shape: [dimension(given(x), 0), outputs] }],
  lower: (graph, [x, bytes, , scale], shape) => nf4MatMulOp(graph, [given(x), given(bytes), given(scale)], shape),
  gradient: (graph, { inputs: [, , codes, scale, table], grads: [grad], attributes: { inputs, outputs } }) => [
    (sum) => gemm(graph, given(grad), fromNf4(graph, given(codes), given(scale), given(table), [outputs, inputs]), sum),
  ],
});
/**
 * x · Wᵀ for a frozen weight in NF4, which ONNX Runtime brings back piece by piece within the product. x: [m, in] → [m, out].
 * @param bytes uint8 [n / 2]. @param codes the same memory as uint16 [n / 4]. @param scale [n / 64]. @param table see nf4Table.
 */
export const nf4Product = (
  graph: Graph,
  x: Value,
  [bytes, codes, scale, table]: readonly [Value, Value, Value, Value],
  shape: Nf4Shape,
): Value => first(nf4ProductOp(graph, [x, bytes, codes, scale, table], shape));

function checkNf4(op: string, codes: Value, scale: Value, shape: readonly number[], bytes = 2): void {
  const count = elements(shape);
  if (dimension(codes, 0) * 2 * bytes !== count || dimension(scale, 0) * nf4Block !== count)
    throw new RangeError(`${op} to [${shape.join(', ')}]: ${describe(codes)} with factors ${describe(scale)}`);
}
