import type { MetadataValue } from './file.ts';

/** How a tensor is changed on its way into the file. */
export type TensorChange =
  /** Rows of each head from two halves to pairs, the layout of llama.cpp's first rotary embedding. */
  | { kind: 'interleave'; heads: number }
  /** [in, out] → [out, in] */
  | { kind: 'transpose' }
  /** A norm's weight that is stored less one. */
  | { kind: 'addOne' };

export interface PlannedTensor {
  /** llama.cpp's name. */
  name: string;
  /** The model's name. */
  from: string;
  change?: TensorChange;
}

/** A model in llama.cpp's terms. */
export interface GgufPlan {
  /** The value of `general.architecture`, and the first part of the model's metadata keys. */
  architecture: string;
  /** Keys without that first part. */
  metadata: Map<string, MetadataValue>;
  tensors: PlannedTensor[];
  /** Factors by which llama.cpp divides each rotary frequency; empty: none. */
  ropeFactors: Float32Array;
  /** What differs in llama.cpp, for people. */
  notes: string[];
}

/** A tensor's elements as they go into the file. */
export function changeTensor(data: Float32Array, [rows = 1, columns = 1]: readonly number[], change?: TensorChange): Float32Array {
  if (!change) return data;
  if (change.kind === 'addOne') return data.map((value) => value + 1);
  const result = new Float32Array(data.length);
  if (change.kind === 'transpose') {
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column] ?? 0;
    return result;
  }
  const half = rows / change.heads / 2;
  for (let row = 0; row < rows; row++) {
    const [head, within] = [Math.floor(row / (2 * half)), row % (2 * half)];
    const source = head * 2 * half + (within % 2) * half + Math.floor(within / 2);
    result.set(data.subarray(source * columns, (source + 1) * columns), row * columns);
  }
  return result;
}
