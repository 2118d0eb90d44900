import type { LinearLayer } from '../models/tensor-list.ts';

/** What an adapter does to the weight of one linear layer. */
export interface LowRankUpdate {
  rank: number;
  /** [rank, in] */
  a: Float32Array;
  /** [out, rank] */
  b: Float32Array;
  /** Factor of the product B A. */
  scale: number;
  /** DoRA: the length that the row of each output has, [out]. */
  magnitude?: Float32Array;
}

/** Of a row; the square of it is added up in single precision while training. */
const leastLength = 1e-6;

type WeightMatrix = Pick<LinearLayer, 'inputs' | 'outputs' | 'layout'> & { data: Float32Array };

/**
 * Puts an adapter into a weight, in place: W + scale · B A (Hu et al. 2021), or with DoRA m / ‖W + scale · B A‖ · (W + scale · B A),
 * row by row of the outputs (Liu et al. 2024). Sums are taken in double precision and rounded once.
 */
export function mergeInto(weight: WeightMatrix, update: LowRankUpdate): void {
  const { data, layout, outputs } = weight;
  const stride = layout === 'out-in' ? 1 : outputs;
  forEachRow(weight, update, (row, stretch, start) => {
    for (let input = 0; input < row.length; input++) data[start + input * stride] = (row[input] ?? 0) * stretch;
  });
}

/** What DoRA multiplies each output of the layer and its low-rank path by: m / ‖W + scale · B A‖, [out]. Ones without DoRA. */
export function stretches(weight: WeightMatrix, update: LowRankUpdate): Float32Array {
  const factors = new Float32Array(weight.outputs);
  forEachRow(weight, update, (_row, stretch, _start, output) => (factors[output] = stretch));
  return factors;
}

/** Σ w² of each row, [out]. */
export function rowSquares({ data, inputs, outputs, layout }: WeightMatrix): Float32Array {
  const [outputStride, inputStride] = layout === 'out-in' ? [inputs, 1] : [1, outputs];
  return Float32Array.from({ length: outputs }, (_, output) => {
    let sum = 0;
    for (let input = 0; input < inputs; input++) sum += (data[output * outputStride + input * inputStride] ?? 0) ** 2;
    return sum;
  });
}

/** @param start where the row begins in the weight's data. */
type RowVisitor = (row: Float64Array, stretch: number, start: number, output: number) => void;

/** Each row of W + scale · B A, and what DoRA multiplies it by. */
function forEachRow(
  { data, inputs, outputs, layout }: WeightMatrix,
  { rank, a, b, scale, magnitude }: LowRankUpdate,
  visit: RowVisitor,
): void {
  const [outputStride, inputStride] = layout === 'out-in' ? [inputs, 1] : [1, outputs];
  const row = new Float64Array(inputs);
  for (let output = 0; output < outputs; output++) {
    const start = output * outputStride;
    for (let input = 0; input < inputs; input++) row[input] = data[start + input * inputStride] ?? 0;
    for (let r = 0; r < rank; r++) {
      const factor = (b[output * rank + r] ?? 0) * scale;
      const from = r * inputs;
      for (let input = 0; input < inputs; input++) row[input] = (row[input] ?? 0) + factor * (a[from + input] ?? 0);
    }
    let squares = 0;
    for (let input = 0; input < inputs; input++) squares += (row[input] ?? 0) ** 2;
    visit(row, magnitude ? (magnitude[output] ?? 0) / Math.max(Math.sqrt(squares), leastLength) : 1, start, output);
  }
}
