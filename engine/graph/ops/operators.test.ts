import { describe, expect, it } from 'vitest';
import { operatorNames } from '../define-op.ts';
import { compareWithFiniteDifferences } from '../finite-differences.ts';
import type { Graph } from '../graph.ts';
import type { Value } from '../types.ts';
import { add, div, log, mul, negate, scale, sigmoid, sub } from './arithmetic.ts';
import { attention } from './attention.ts';
import { embedding, pickRows } from './indexing.ts';
import { linearCrossEntropy } from './linear-cross-entropy.ts';
import { gemm, matMul } from './matmul.ts';
import { rmsNorm } from './rms-norm.ts';
import { rotary } from './rotary.ts';
import { concat, expand, reduceSum, reshape, slice, split, transpose } from './shape.ts';
import { softmax } from './softmax.ts';
import { swiGlu } from './swiglu.ts';

interface Case {
  op: string;
  name: string;
  shapes: Record<string, readonly number[]>;
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
): Case => ({
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
const angles = (graph: Graph, shape: readonly [number, number, number], turn: (x: number) => number) =>
  graph.constant(
    Float64Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, index) => turn(0.3 * index + 0.1)),
    'float64',
    shape,
  );
const causal = (graph: Graph, length: number) =>
  graph.constant(
    Float64Array.from({ length: length * length }, (_, index) => (index % length > Math.floor(index / length) ? -1e9 : 0)),
    'float64',
    [1, 1, length, length],
  );

const crossEntropy =
  (chunk: number, trainHead: boolean) =>
  (graph: Graph, { a, b }: Named) =>
    linearCrossEntropy(
      graph,
      a,
      trainHead ? b : graph.filled(0.3, 'float64', [7, 4]),
      int32(graph, [2, 0, 6, 6, 1]),
      graph.constant(Float64Array.of(0.2, 0.3, 0.1, 0, 0.4), 'float64', [5]),
      {
        chunk,
        trainHead,
        backward: true,
      },
    );

const cases: Case[] = [
  given('Add', 'of equal shapes', { a: [2, 3], b: [2, 3] }, (graph, { a, b }) => add(graph, a, b)),
  given('Add', 'stretched', { a: [2, 3, 4], b: [3, 1] }, (graph, { a, b }) => add(graph, a, b)),
  given('Sub', 'stretched', { a: [2, 3], b: [3] }, (graph, { a, b }) => sub(graph, a, b)),
  given('Mul', 'stretched', { a: [2, 1, 4], b: [3, 1] }, (graph, { a, b }) => mul(graph, a, b)),
  given('Mul', 'of a tensor with itself', { a: [5] }, (graph, { a }) => mul(graph, a, a)),
  given('Div', 'stretched', { a: [2, 3], b: [1, 3] }, (graph, { a, b }) => div(graph, a, b), true),
  given('Neg', 'and a factor', { a: [4] }, (graph, { a }) => scale(graph, negate(graph, a), 3)),
  given('Log', 'of positive numbers', { a: [4] }, (graph, { a }) => log(graph, a), true),
  given('Sigmoid', '', { a: [2, 3] }, (graph, { a }) => sigmoid(graph, a)),
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
  given('SwiGlu', '', { a: [3, 4], b: [3, 4] }, (graph, { a, b }) => swiGlu(graph, a, b)),
  given('Rotary', '', { a: [2, 3, 4, 6] }, (graph, { a }) =>
    rotary(graph, a, angles(graph, [1, 4, 3], Math.cos), angles(graph, [1, 4, 3], Math.sin)),
  ),
  given('Attention', 'with a head each', { a: [2, 2, 3, 4], b: [2, 2, 3, 4], c: [2, 2, 3, 4] }, (graph, { a, b, c }) =>
    attention(graph, a, b, c, causal(graph, 3)),
  ),
  given('Attention', 'with shared key and value heads', { a: [1, 4, 3, 4], b: [1, 2, 3, 4], c: [1, 2, 3, 4] }, (graph, { a, b, c }) =>
    attention(graph, a, b, c, causal(graph, 3)),
  ),
  given('LinearCrossEntropy', 'in one piece', { a: [5, 4], b: [7, 4] }, crossEntropy(5, true)),
  given('LinearCrossEntropy', 'in chunks', { a: [5, 4], b: [7, 4] }, crossEntropy(2, true)),
  given('LinearCrossEntropy', 'with a frozen head', { a: [5, 4] }, crossEntropy(2, false)),
];

/** Parts of other operators' backward passes, or of the loss, where no gradient flows through them. */
const withoutGradient = ['Max', 'OneHot', 'PickColumn', 'ScatterAddRows', 'ScatterElements'];

describe('every operator against finite differences', () => {
  it.each(cases)('$op $name', async ({ shapes, build, positive }) => {
    const worst = await compareWithFiniteDifferences(shapes, build, { positive });
    expect(worst.error, worst.tensor).toBeLessThan(1e-6);
  });

  it('leaves none out', () => {
    expect([...new Set(cases.map(({ op }) => op)), ...withoutGradient].sort()).toEqual(operatorNames());
  });
});
