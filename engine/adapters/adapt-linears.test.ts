import { describe, expect, it } from 'vitest';
import { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { GraphSession } from '../onnx/session.ts';
import { normalSource, randomSource } from '../random.ts';
import { adaptLinears } from './adapt-linears.ts';
import type { GraphAdapter } from './lora.ts';
import { mergeInto, rowSquares } from './merge.ts';

const [rows, inputs, outputs, rank, share] = [3, 5, 4, 2, 0.25];
const normal = normalSource(randomSource(5));
const numbers = (length: number) => Float32Array.from({ length }, normal);
const [x, weight, bias, a, b, magnitude] = [rows * inputs, outputs * inputs, outputs, rank * inputs, outputs * rank, outputs].map(numbers);
const mask = Uint8Array.from({ length: rows * inputs }, (_, index) => (index % 4 === 1 ? 0 : 1));

/** x · Wᵀ, in double precision. */
const product = (left: ArrayLike<number>, matrix: ArrayLike<number>) =>
  Array.from({ length: rows * outputs }, (_, index) => {
    const [row, output] = [Math.floor(index / outputs), index % outputs];
    let sum = 0;
    for (let input = 0; input < inputs; input++) sum += (left[row * inputs + input] ?? 0) * (matrix[output * inputs + input] ?? 0);
    return sum;
  });

async function adapted(adapter: GraphAdapter): Promise<number[]> {
  const graph = new Graph();
  const shapes: Record<string, number[]> = {
    'q.lora_A.weight': [rank, inputs],
    'q.lora_B.weight': [outputs, rank],
    'q.lora_magnitude_vector': [outputs],
  };
  const weights = { q: weight, bias, 'q.lora_A.weight': a, 'q.lora_B.weight': b, 'q.lora_magnitude_vector': magnitude };
  const input = graph.input('x', 'float32', [rows, inputs]);
  const matrix = graph.weight('q', 'float32', [outputs, inputs]);
  const offset = graph.weight('bias', 'float32', [outputs]);
  const [y] = adaptLinears(
    graph,
    input,
    ['q'],
    { ...adapter, tensors: new Map(Object.entries(shapes)) },
    {
      product: (value, _name, options) => gemm(graph, value, matrix, options.bias ? offset : undefined, { transposeB: true }),
      bias: () => offset,
      tensor: (name, shape) => graph.weight(name, 'float32', shape),
      constant: (data) => graph.constant(data, 'float32', [data.length]),
    },
  );
  if (!y) throw new Error('no output');
  const given = Object.entries(weights).map(([name, data]) => [name, data ?? new Float32Array()] as const);
  const session = await GraphSession.compile(graph, { y }, new Map(given), { threads: 1 });
  const results = await session.run({ x: x ?? new Float32Array(), 'dropout.q': mask });
  await session.release();
  return [...results.numbers('y')];
}

describe('dropout', () => {
  const update = { rank, a: a ?? new Float32Array(), b: b ?? new Float32Array(), scale: 3 / rank };
  const matrix = { data: weight ?? new Float32Array(), inputs, outputs, layout: 'out-in' } as const;
  const dropped = Array.from(x ?? [], (value, index) => (mask[index] === 1 ? value / (1 - share) : 0));

  it.each([
    ['LoRA', undefined],
    ['DoRA', magnitude],
  ])('changes what the adapter sees, not the layer itself: %s', async (_name, lengths) => {
    const merged = { ...matrix, data: matrix.data.slice() };
    mergeInto(merged, { ...update, magnitude: lengths });
    // What the adapter adds is its difference from the layer, on the inputs that are left.
    const change = product(dropped, merged.data).map((value, index) => value - (product(dropped, matrix.data)[index] ?? NaN));
    const whole = product(x ?? [], matrix.data);
    const expected = whole.map((value, index) => value + (bias?.[index % outputs] ?? NaN) + (change[index] ?? NaN));
    const settings = { rank, alpha: 3, dropout: share };
    const found = await adapted({ settings, tensors: new Map(), rowSquares: lengths && new Map([['q', rowSquares(matrix)]]) });
    found.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? NaN, 5));
  });
});
