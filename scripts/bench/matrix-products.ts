import { lowerGraph } from '@anneal/engine/internals';
import { z } from 'zod';
import type { CompiledStep } from './observed-runtime.ts';

/** A matrix product [rows, inner] · [inner, columns], `batch` of them side by side. */
export interface MatrixProduct {
  operator: 'Gemm' | 'MatMul';
  batch: number;
  rows: number;
  inner: number;
  columns: number;
  transposeA: boolean;
  transposeB: boolean;
}

export interface CountedProduct extends MatrixProduct {
  /** How often it is computed in a step. */
  count: number;
}

/** Multiplications and additions. */
export const operationsOf = ({ batch, rows, inner, columns }: MatrixProduct): number => 2 * batch * rows * inner * columns;

const attributesSchema = z.object({ transposeA: z.boolean(), transposeB: z.boolean() });
/** Anything else by such a name would be a product that is not counted. */
const looksLikeProduct = /MatMul|Gemm|Product|Attention|Einsum|Conv/;

/**
 * The matrix products of a step, as they are executed: what the backward pass computes again counts again, what nothing depends on
 * does not count.
 * @throws Error when the graph has a product of another kind
 */
export function countProducts({ graph, outputs }: CompiledStep): CountedProduct[] {
  const counted = new Map<string, CountedProduct>();
  for (const { op, inputs, outputs: results, attributes } of lowerGraph(graph, outputs).graph.nodes) {
    if (op !== 'Gemm' && op !== 'MatMul') {
      if (looksLikeProduct.test(op)) throw new Error(`the operations of ${op} are not known`);
      continue;
    }
    const { transposeA, transposeB } = attributesSchema.parse(attributes);
    const [left = [], result = []] = [inputs[0]?.shape, results[0]?.shape];
    const [rows = 0, columns = 0] = result.slice(-2);
    const inner = left.at(transposeA ? -2 : -1) ?? 0;
    const batch = result.slice(0, -2).reduce((product, size) => product * size, 1);
    const product: MatrixProduct = { operator: op, batch, rows, inner, columns, transposeA, transposeB };
    const key = JSON.stringify(product);
    counted.set(key, { ...product, count: (counted.get(key)?.count ?? 0) + 1 });
  }
  return [...counted.values()];
}
