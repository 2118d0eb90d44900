import { gemm, Graph, matMul, onnxRuntime, slice, type Value } from '@anneal/engine/internals';
import { type CountedProduct, type MatrixProduct, operationsOf } from './matrix-products.ts';
import { median, sum } from './statistics.ts';

/** No side of a large product is shorter: smaller ones are held up by memory, not by arithmetic. */
const shortestSide = 128;
/** A run computes the product with several operands, so often that starting it takes no time beside. */
const operationsPerRun = 1e10;
const mostOperands = 8;
const runs = 5;

export interface ProductRate {
  /** Floating point operations of all products of a step. */
  operations: number;
  /** Floating point operations a second of the large ones, as often as the step has each. */
  rate: number;
  /** Share of `operations` that the large ones are. */
  measuredShare: number;
  products: { product: string; count: number; rate: number }[];
}

/**
 * How fast ONNX Runtime computes the large matrix products of a step, each alone and with the same threads. The right side, a frozen
 * weight, is tried as an input and as a constant, which ONNX Runtime lays out anew beforehand; the faster counts.
 */
export async function productRate(products: readonly CountedProduct[], threads: number): Promise<ProductRate> {
  const large = products.filter(({ batch, rows, inner, columns }) => batch === 1 && Math.min(rows, inner, columns) >= shortestSide);
  const timed = [];
  for (const product of large) {
    const seconds = Math.min(await secondsOf(product, threads, 'input'), await secondsOf(product, threads, 'constant'));
    timed.push({ ...product, seconds });
  }
  const total = (counted: readonly CountedProduct[]) => sum(counted.map((product) => product.count * operationsOf(product)));
  return {
    operations: total(products),
    rate: total(timed) / sum(timed.map(({ count, seconds }) => count * seconds)),
    measuredShare: total(timed) / total(products),
    products: timed.map((product) => ({
      product: describe(product),
      count: product.count,
      rate: operationsOf(product) / product.seconds,
    })),
  };
}

/**
 * Of one product. Each has operands of its own, so that none are merged and none are in the cache already; of each result only one
 * element leaves the session, so that no memory is handed out for it.
 */
async function secondsOf(product: MatrixProduct, threads: number, right: 'input' | 'constant'): Promise<number> {
  const { operator, rows, inner, columns, transposeA, transposeB } = product;
  const count = Math.max(1, Math.min(mostOperands, Math.round(operationsPerRun / operationsOf(product))));
  const graph = new Graph();
  const weights = new Map<string, Float32Array>();
  const operand = (name: string, shape: [number, number], isConstant = false): Value => {
    const data = numbers(shape[0] * shape[1], weights.size);
    if (isConstant) return graph.constant(data, 'float32', shape);
    weights.set(name, data);
    return graph.weight(name, 'float32', shape);
  };
  const outputs: Record<string, Value> = {};
  for (let index = 0; index < count; index++) {
    const a = operand(`a${index}`, transposeA ? [inner, rows] : [rows, inner]);
    const b = operand(`b${index}`, transposeB ? [columns, inner] : [inner, columns], right === 'constant');
    const transposed = { transposeA, transposeB };
    const result = operator === 'Gemm' ? gemm(graph, a, b, undefined, transposed) : matMul(graph, a, b, transposed);
    outputs[`y${index}`] = slice(graph, slice(graph, result, 0, 0, 1), 1, 0, 1);
  }
  const compiled = await onnxRuntime.compile(graph, outputs, weights, { threads });
  const seconds: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const begun = performance.now();
    await compiled.run({});
    seconds.push((performance.now() - begun) / 1000);
  }
  await compiled.release();
  return median(seconds.slice(1)) / count;
}

const numbers = (length: number, seed: number): Float32Array<ArrayBuffer> => {
  const data = new Float32Array(length);
  for (let index = 0; index < length; index++) data[index] = (((index + seed) * 7919) % 1000) / 1000 - 0.5;
  return data;
};

function describe({ operator, rows, inner, columns, transposeA, transposeB }: MatrixProduct): string {
  const side = (first: number, second: number, isTransposed: boolean) =>
    isTransposed ? `[${second}, ${first}]ᵀ` : `[${first}, ${second}]`;
  return `${operator} ${side(rows, inner, transposeA)} · ${side(inner, columns, transposeB)}`;
}
