import { invalid } from '../adapters/names.ts';
import type { EngineError } from '../errors.ts';
import { Graph } from '../graph/graph.ts';
import { int8Product } from '../graph/ops/int8-product.ts';
import type { TensorData } from '../graph/types.ts';
import type { ChosenRuntime } from '../runtimes/runtime.ts';

const rows = 4;
const length = 64;
const columns = 32;

/**
 * Whether products of int8 can be trusted here: multiplies the most extreme numbers, as training does, and compares with exact integers.
 * Without VNNI, x86 processors add pairs of such products in 16 bits, where the largest do not fit and are cut off.
 * @returns what warns a person of a slow choice, or null.
 * @throws EngineError CONFIG_INVALID on model.products where they are wrong, or not computed by the device
 */
export async function checkInt8Products({ runtime, device }: Pick<ChosenRuntime, 'runtime' | 'device'>): Promise<string | null> {
  if (runtime.name === 'onnx' && device !== 'cpu')
    throw refused(
      `int8 products are computed by the CPU only, and this run computes on ${device}. Set it to float32, or run.device to cpu.`,
    );
  const graph = new Graph();
  const x = graph.input('x', 'float32', [rows, length]);
  const quantized = [graph.input('codes', 'uint8', [rows, length]), graph.input('rowScale', 'float32', [rows, 1])];
  const weight = { codes: graph.weight('weight', 'int8', [length, columns]), scale: graph.weight('scale', 'float32', [columns]) };
  const y = int8Product(graph, x, quantized, { ...weight, layout: 'in-out' });
  const { codes, weights } = extremes();
  const data = new Map<string, TensorData>([
    ['weight', weights],
    ['scale', new Float32Array(columns).fill(1)],
  ]);
  const compiled = await runtime.compile(graph, { y }, data, { device, threads: 1 });
  try {
    const feeds = { x: new Float32Array(rows * length), codes, rowScale: new Float32Array(rows).fill(1) };
    const found = (await compiled.run(feeds)).floats('y');
    const expected = exactly(codes, weights);
    if (!expected.every((value, index) => value === found[index]))
      throw refused(
        'int8 products come out wrong on this processor: it has no VNNI instructions, or none that are used, and without them large sums are cut off. Set it to float32.',
      );
  } finally {
    await compiled.release();
  }
  return runtime.name === 'onnx' ? null : `${runtime.library} computes int8 products in single precision: exactly, but no faster.`;
}

/** Rows of codes and columns of weights at the ends of their ranges: all high, all low, by turns, and through the whole range. */
function extremes(): { codes: Uint8Array; weights: Int8Array } {
  const pattern = (kind: number, place: number, low: number, high: number): number => {
    if (kind === 0) return high;
    if (kind === 1) return low;
    if (kind === 2) return place % 2 === 0 ? high : low;
    return low + ((place * 37) % (high - low + 1));
  };
  return {
    codes: Uint8Array.from({ length: rows * length }, (_, index) => pattern(Math.floor(index / length), index % length, 0, 255)),
    weights: Int8Array.from({ length: length * columns }, (_, index) => pattern(index % 4, Math.floor(index / columns), -127, 127)),
  };
}

/** Codes lie around 128. All sums are below 2^24, so that single precision holds them. */
function exactly(codes: Uint8Array, weights: Int8Array): number[] {
  return Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    let sum = 0;
    for (let place = 0; place < length; place++)
      sum += ((codes[row * length + place] ?? NaN) - 128) * (weights[place * columns + column] ?? NaN);
    return sum;
  });
}

const refused = (message: string): EngineError => invalid('model.products', message);
