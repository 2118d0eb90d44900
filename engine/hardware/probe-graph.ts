import { appendGradients } from '../graph/gradient.ts';
import { Graph } from '../graph/graph.ts';
import { add } from '../graph/ops/arithmetic.ts';
import { attention } from '../graph/ops/attention.ts';
import { embedding } from '../graph/ops/indexing.ts';
import { linearCrossEntropy } from '../graph/ops/linear-cross-entropy.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { rmsNorm } from '../graph/ops/rms-norm.ts';
import { reshape, transpose } from '../graph/ops/shape.ts';
import type { TensorData, Value } from '../graph/types.ts';
import { causalMask } from '../models/positions.ts';
import { randomSource } from '../random.ts';

/** One attention block with a low-rank path and the loss: what every training step is made of. */
export interface ProbeShape {
  length: number;
  width: number;
  vocabulary: number;
}

/** Wrong numbers show in a small one; which device is faster shows in a large one only. */
export const probeShapes = {
  small: { length: 16, width: 32, vocabulary: 64 },
  large: { length: 256, width: 512, vocabulary: 4096 },
} as const satisfies Record<string, ProbeShape>;

const rank = 4;
const heads = 4;

/** A training step with its data: loss and the gradients of the low-rank matrices. */
export function probeStep({ length, width, vocabulary }: ProbeShape) {
  const graph = new Graph();
  const random = randomSource(1);
  const weights = new Map<string, TensorData>();
  const weight = (name: string, shape: readonly [number, number?]): Value => {
    const size = shape[0] * (shape[1] ?? 1);
    // A norm's weight is about one; a matrix keeps the size of what it is applied to.
    const deviation = Math.sqrt(3 / width);
    const draw = () => (shape[1] === undefined ? 1 + random() / 2 : (2 * random() - 1) * deviation);
    weights.set(name, Float32Array.from({ length: size }, draw));
    return graph.weight(
      name,
      'float32',
      shape.flatMap((dimension) => dimension ?? []),
    );
  };
  const ids = graph.input('ids', 'int32', [length]);
  const labels = graph.input('labels', 'int32', [length]);
  const counts = graph.input('counts', 'float32', [length]);

  const table = weight('embedding', [vocabulary, width]);
  const x = embedding(graph, table, ids);
  const normed = rmsNorm(graph, x, weight('norm', [width]), 1e-5);
  const lora = [weight('lora_A', [rank, width]), weight('lora_B', [width, rank])] as const;
  const inner = gemm(graph, normed, lora[0], undefined, { transposeB: true });
  const q = gemm(graph, inner, lora[1], gemm(graph, normed, weight('query', [width, width]), undefined, { transposeB: true }), {
    transposeB: true,
  });
  const split = (y: Value) => transpose(graph, reshape(graph, y, [1, length, heads, width / heads]), [0, 2, 1, 3]);
  const { data, shape } = causalMask(length);
  const mixed = attention(graph, split(q), split(q), split(normed), graph.constant(data, 'float32', shape));
  const joined = reshape(graph, transpose(graph, mixed, [0, 2, 1, 3]), [length, width]);
  const hidden = rmsNorm(graph, add(graph, x, joined), weight('last_norm', [width]), 1e-5);
  const loss = linearCrossEntropy(graph, hidden, table, labels, counts, { chunk: length, trainHead: false, backward: true });
  const [a, b] = appendGradients(graph, loss, lora);

  const numbers = (most: number) => Int32Array.from({ length }, () => Math.floor(random() * most));
  return {
    graph,
    outputs: { loss, ...(a && b && { a, b }) },
    weights,
    feeds: { ids: numbers(vocabulary), labels: numbers(vocabulary), counts: new Float32Array(length).fill(1 / length) },
  };
}
