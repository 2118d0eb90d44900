import type { Graph } from '../graph.ts';
import { elements, floatType, type Value } from '../types.ts';
import {
  add,
  cosine,
  div,
  exponential,
  log,
  maximum,
  minimum,
  mul,
  negate,
  scale,
  sigmoid,
  sine,
  squareRoot,
  sub,
  toFloat,
} from './arithmetic.ts';
import { attention, causalAttention } from './attention.ts';
import { detach } from './detach.ts';
import { gelu } from './gelu.ts';
import { embedding, oneHot, pickColumn, pickRows } from './indexing.ts';
import { int8Product, quantizeRows } from './int8-product.ts';
import { keepWhere } from './keep-where.ts';
import { layerNorm } from './layer-norm.ts';
import { linearCrossEntropy } from './linear-cross-entropy.ts';
import { linearLogProbabilities } from './linear-log-probabilities.ts';
import { logOdds } from './log-odds.ts';
import { gemm, matMul } from './matmul.ts';
import { rmsNorm } from './rms-norm.ts';
import { rotary } from './rotary.ts';
import { concat, expand, reduceSum, reshape, slice, split, transpose } from './shape.ts';
import { softmax } from './softmax.ts';
import { softplus } from './softplus.ts';
import { fromHalf, fromInt8, fromNf4, nf4Product, nf4Table, nf4ToInt8 } from './stored-weights.ts';
import { swiGlu } from './swiglu.ts';

/** One use of an operator on random numbers. */
export interface OperatorCase {
  op: string;
  name: string;
  /** Floating point inputs, all of one type. */
  shapes: Record<string, readonly number[]>;
  /** Only positive inputs make sense. */
  positive?: boolean;
  build: (graph: Graph, inputs: Record<string, Value>) => Value;
}

type Named = Record<'a' | 'b' | 'c' | 'd', Value>;
const given = (
  op: string,
  name: string,
  shapes: Record<string, readonly number[]>,
  build: (graph: Graph, inputs: Named) => Value,
  positive = false,
): OperatorCase => ({
  op,
  name,
  shapes,
  positive,
  build: (graph, inputs) => {
    const one = (key: string) => inputs[key] ?? graph.scalar(0, 'float64');
    return build(graph, { a: one('a'), b: one('b'), c: one('c'), d: one('d') });
  },
});

const int32 = (graph: Graph, values: readonly number[]) => graph.constant(Int32Array.from(values), 'int32', [values.length]);
/** Literal numbers of the type of another tensor. */
const floats = (graph: Graph, { dtype }: Value, shape: readonly number[], at: (index: number) => number) => {
  const data = Array.from({ length: elements(shape) }, (_, index) => at(index));
  return graph.constant(dtype === 'float64' ? Float64Array.from(data) : Float32Array.from(data), dtype, shape);
};
const angles = (graph: Graph, like: Value, turn: (x: number) => number) =>
  floats(graph, like, [1, 4, 3], (index) => turn(0.3 * index + 0.1));
const causal = (graph: Graph, like: Value, length: number) =>
  floats(graph, like, [1, 1, length, length], (index) => (index % length > Math.floor(index / length) ? -1e9 : 0));

const crossEntropy =
  (chunk: number, trainHead: boolean) =>
  (graph: Graph, { a, b }: Named) =>
    linearCrossEntropy(
      graph,
      a,
      trainHead ? b : graph.filled(0.3, floatType(a), [7, 4]),
      int32(graph, [2, 0, 6, 6, 1]),
      floats(graph, a, [5], (index) => [0.2, 0.3, 0.1, 0, 0.4][index] ?? 0),
      {
        chunk,
        trainHead,
        backward: true,
      },
    );

const logProbabilities =
  (chunk: number, trainHead: boolean) =>
  (graph: Graph, { a, b }: Named) =>
    linearLogProbabilities(graph, a, trainHead ? b : graph.filled(0.3, floatType(a), [7, 4]), int32(graph, [2, 0, 6, 6, 1]), {
      chunk,
      trainHead,
      backward: true,
    });

/** Every operator that has a gradient. */
export const differentiableCases: readonly OperatorCase[] = [
  given('Add', 'of equal shapes', { a: [2, 3], b: [2, 3] }, (graph, { a, b }) => add(graph, a, b)),
  given('Add', 'stretched', { a: [2, 3, 4], b: [3, 1] }, (graph, { a, b }) => add(graph, a, b)),
  given('Sub', 'stretched', { a: [2, 3], b: [3] }, (graph, { a, b }) => sub(graph, a, b)),
  given('Mul', 'stretched', { a: [2, 1, 4], b: [3, 1] }, (graph, { a, b }) => mul(graph, a, b)),
  given('Mul', 'of a tensor with itself', { a: [5] }, (graph, { a }) => mul(graph, a, a)),
  given('Div', 'stretched', { a: [2, 3], b: [1, 3] }, (graph, { a, b }) => div(graph, a, b), true),
  given('Neg', 'and a factor', { a: [4] }, (graph, { a }) => scale(graph, negate(graph, a), 3)),
  given('Log', 'of positive numbers', { a: [4] }, (graph, { a }) => log(graph, a), true),
  given('Exp', '', { a: [2, 3] }, (graph, { a }) => exponential(graph, a)),
  given('Sqrt', 'of positive numbers', { a: [2, 3] }, (graph, { a }) => squareRoot(graph, a), true),
  given('Softplus', '', { a: [2, 3] }, (graph, { a }) => softplus(graph, a)),
  given('LogOdds', 'of log probabilities', { a: [4] }, (graph, { a }) => logOdds(graph, negate(graph, a)), true),
  given('KeepWhere', '', { a: [2, 2] }, (graph, { a }) => keepWhere(graph, graph.constant(Uint8Array.of(1, 0, 0, 1), 'bool', [2, 2]), a)),
  given('Sigmoid', '', { a: [2, 3] }, (graph, { a }) => sigmoid(graph, a)),
  given('Cos', 'of angles', { a: [2, 3] }, (graph, { a }) => cosine(graph, a)),
  given('Sin', 'of angles', { a: [2, 3] }, (graph, { a }) => sine(graph, a)),
  given('Reshape', '', { a: [2, 6] }, (graph, { a }) => reshape(graph, a, [3, 4])),
  given('Transpose', 'of three axes', { a: [2, 3, 4] }, (graph, { a }) => transpose(graph, a, [2, 0, 1])),
  given('Concat', '', { a: [2, 3], b: [2, 1] }, (graph, { a, b }) => concat(graph, [a, b, a], 1)),
  given('Slice', 'in the middle', { a: [4, 5] }, (graph, { a }) => slice(graph, a, 1, 1, 3)),
  given('Slice', 'from the start', { a: [4, 5] }, (graph, { a }) => slice(graph, a, 0, 0, 3)),
  given('Split', 'with a part that is not used', { a: [2, 6] }, (graph, { a }) => {
    const [left = a, , right = a] = split(graph, a, 1, [2, 3, 1]);
    return mul(graph, left, right);
  }),
  given('ReduceSum', 'of inner axes', { a: [2, 3, 4] }, (graph, { a }) => reduceSum(graph, a, [0, 2])),
  given('Expand', '', { a: [2, 1, 3] }, (graph, { a }) => expand(graph, a, [2, 4, 3])),
  given('Softmax', '', { a: [3, 5] }, (graph, { a }) => softmax(graph, a)),
  ...[false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) => {
      const a = transposeA ? [2, 4, 3] : [2, 3, 4];
      const b = transposeB ? [2, 5, 4] : [2, 4, 5];
      const name = `${transposeA ? 'transposed ' : ''}by ${transposeB ? 'transposed' : 'plain'}`;
      const options = { transposeA, transposeB, alpha: 0.7 };
      return [
        given('MatMul', name, { a, b }, (graph, inputs) => matMul(graph, inputs.a, inputs.b, options)),
        given('Gemm', name, { a: a.slice(1), b: b.slice(1), c: [3, 5] }, (graph, inputs) =>
          gemm(graph, inputs.a, inputs.b, inputs.c, options),
        ),
      ];
    }),
  ),
  given('Gemm', 'with a bias', { a: [3, 4], b: [5, 4], c: [5] }, (graph, { a, b, c }) => gemm(graph, a, b, c, { transposeB: true })),
  given('Gemm', 'used twice, so that gradients are summed', { a: [3, 4], b: [4, 4] }, (graph, { a, b }) =>
    gemm(graph, gemm(graph, a, b), b, gemm(graph, a, b)),
  ),
  given('Embedding', 'with a repeated id', { a: [5, 3] }, (graph, { a }) => embedding(graph, a, int32(graph, [1, 4, 1, 0]))),
  given('PickRows', 'with rows left out', { a: [5, 3] }, (graph, { a }) =>
    pickRows(graph, a, int32(graph, [3, 1]), int32(graph, [2, 1, 2, 0, 2])),
  ),
  given('RmsNorm', '', { a: [3, 6], b: [6] }, (graph, { a, b }) => rmsNorm(graph, a, b, 1e-5)),
  given('LayerNorm', '', { a: [3, 6], b: [6], c: [6] }, (graph, { a, b, c }) => layerNorm(graph, a, b, c, 1e-5)),
  given('Gelu', '', { a: [3, 4] }, (graph, { a }) => gelu(graph, a)),
  given('SwiGlu', '', { a: [3, 4], b: [3, 4] }, (graph, { a, b }) => swiGlu(graph, a, b)),
  given('Rotary', '', { a: [2, 3, 4, 6] }, (graph, { a }) => rotary(graph, a, angles(graph, a, Math.cos), angles(graph, a, Math.sin))),
  given('Attention', 'with a head each', { a: [2, 2, 3, 4], b: [2, 2, 3, 4], c: [2, 2, 3, 4] }, (graph, { a, b, c }) =>
    attention(graph, a, b, c, causal(graph, a, 3)),
  ),
  given('Attention', 'with shared key and value heads', { a: [1, 4, 3, 4], b: [1, 2, 3, 4], c: [1, 2, 3, 4] }, (graph, { a, b, c }) =>
    attention(graph, a, b, c, causal(graph, a, 3)),
  ),
  given('Attention', 'in blocks of queries', { a: [1, 2, 130, 2], b: [1, 1, 130, 2], c: [1, 1, 130, 2] }, (graph, { a, b, c }) =>
    causalAttention(graph, a, b, c, causal(graph, a, 130)),
  ),
  given('LinearCrossEntropy', 'in one piece', { a: [5, 4], b: [7, 4] }, crossEntropy(5, true)),
  given('LinearCrossEntropy', 'in chunks', { a: [5, 4], b: [7, 4] }, crossEntropy(2, true)),
  given('LinearCrossEntropy', 'with a frozen head', { a: [5, 4] }, crossEntropy(2, false)),
  given('LinearLogProbabilities', 'in one piece', { a: [5, 4], b: [7, 4] }, logProbabilities(5, true)),
  given('LinearLogProbabilities', 'in chunks', { a: [5, 4], b: [7, 4] }, logProbabilities(2, true)),
  given('LinearLogProbabilities', 'with a frozen head', { a: [5, 4] }, logProbabilities(2, false)),
];

const nf4Weights = (graph: Graph) => {
  const bytes = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) % 256);
  return [
    graph.constant(bytes, 'uint8', [64]),
    graph.constant(new Uint16Array(bytes.buffer), 'uint16', [32]),
    graph.constant(Float32Array.of(0.5, 2), 'float32', [2]),
    nf4Table(graph),
  ] as const;
};
const halves = (graph: Graph, dtype: 'float16' | 'bfloat16', bits: readonly number[]) =>
  graph.constant(Uint16Array.from(bits), dtype, [bits.length]);
const codes = (graph: Graph, shape: readonly [number, number]) =>
  graph.constant(
    Int8Array.from({ length: shape[0] * shape[1] }, (_, index) => ((index * 53) % 255) - 127),
    'int8',
    shape,
  );

/** Operators that no gradient flows through. */
export const forwardCases: readonly OperatorCase[] = [
  given('Detach', '', { a: [3] }, (graph, { a }) => mul(graph, detach(graph, a), a)),
  given('FromHalf', 'float16', { a: [3] }, (graph, { a }) =>
    mul(graph, fromHalf(graph, halves(graph, 'float16', [0x3c00, 0xb555, 0x0001])), a),
  ),
  given('FromHalf', 'bfloat16', { a: [3] }, (graph, { a }) =>
    mul(graph, fromHalf(graph, halves(graph, 'bfloat16', [0x3f80, 0xbeab, 0x0080])), a),
  ),
  given('FromInt8', 'by rows', { a: [2, 3] }, (graph, { a }) =>
    mul(graph, fromInt8(graph, codes(graph, [2, 3]), graph.constant(Float32Array.of(0.5, 2), 'float32', [2]), 0), a),
  ),
  given('FromInt8', 'by columns', { a: [2, 3] }, (graph, { a }) =>
    mul(graph, fromInt8(graph, codes(graph, [2, 3]), graph.constant(Float32Array.of(0.5, 2, 3), 'float32', [3]), 1), a),
  ),
  given('FromNf4', '', { a: [4, 32] }, (graph, { a }) => {
    const weights = nf4Weights(graph);
    return mul(graph, fromNf4(graph, weights[1], weights[2], weights[3], [4, 32]), a);
  }),
  ...['Nf4Product', 'Nf4MatMul'].map((op) =>
    given(op, '', { a: [3, 64] }, (graph, { a }) => nf4Product(graph, a, nf4Weights(graph), { inputs: 64, outputs: 2 })),
  ),
  ...['QuantizeRows', 'IntegerMatMul', 'Int8Product'].map((op) =>
    given(op, '', { a: [3, 4] }, (graph, { a }) => {
      const scale = graph.constant(Float32Array.of(0.01, 0.02), 'float32', [2]);
      return int8Product(graph, a, quantizeRows(graph, a), { codes: codes(graph, [4, 2]), scale, layout: 'in-out' });
    }),
  ),
  given('Int8Product', 'by outputs', { a: [3, 4] }, (graph, { a }) => {
    const scale = graph.constant(Float32Array.of(0.01, 0.02), 'float32', [2]);
    return int8Product(graph, a, quantizeRows(graph, a), { codes: codes(graph, [2, 4]), scale, layout: 'out-in' });
  }),
  given('Nf4ToInt8', '', { a: [4, 32] }, (graph, { a }) => {
    const [, pairs, , table] = nf4Weights(graph);
    const steps = graph.constant(Float32Array.of(127, 40.5), 'float32', [2]);
    const scale = graph.constant(Float32Array.of(1, 2, 3, 4), 'float32', [4]);
    return mul(graph, fromInt8(graph, nf4ToInt8(graph, pairs, steps, table, [4, 32]), scale, 0), a);
  }),
  given('Max', 'stretched', { a: [2, 3], b: [3] }, (graph, { a, b }) => maximum(graph, a, b)),
  given('Min', 'stretched', { a: [2, 3], b: [3] }, (graph, { a, b }) => minimum(graph, a, b)),
  given('OneHot', '', { a: [3, 4] }, (graph, { a }) => mul(graph, oneHot(graph, int32(graph, [3, 0, 2]), 4, floatType(a)), a)),
  given('PickColumn', '', { a: [3, 4] }, (graph, { a }) => pickColumn(graph, a, int32(graph, [3, 0, 2]))),
  given('ToFloat', '', { a: [3] }, (graph, { a }) => mul(graph, toFloat(graph, int32(graph, [3, -1, 2]), floatType(a)), a)),
];
