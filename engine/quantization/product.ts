import type { Graph } from '../graph/graph.ts';
import { add } from '../graph/ops/arithmetic.ts';
import { int8Product, quantizeRows } from '../graph/ops/int8-product.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { fromHalf, fromInt8, fromNf4, nf4Product, nf4Table } from '../graph/ops/stored-weights.ts';
import type { Value } from '../graph/types.ts';
import { int8Weight, nf4Factors, weightPart } from './graph-parts.ts';
import type { StoredWeight } from './stored-weight.ts';

type StoredProduct = (x: Value, name: string, weight: StoredWeight, bias?: Value) => Value;

/**
 * x · Wᵀ (+ bias) with weights that are kept in a smaller form. In single precision the weight is brought back for each product, forward
 * and backward, and let go again, so both passes are exact for the weight that is kept.
 * @returns a function of x: [n, in], the name of the weight and the weight itself, that gives [n, out].
 */
export function storedProducts(graph: Graph): StoredProduct {
  // Layers that share an input share its codes.
  const rows = new Map<Value, readonly Value[]>();
  return (x, name, weight, bias) => {
    const { storage, products, shape, layout } = weight;
    const part = (key: string): Value => weightPart(graph, name, weight, key);
    if (products === 'int8') {
      const quantized = rows.get(x) ?? quantizeRows(graph, x);
      rows.set(x, quantized);
      const y = int8Product(graph, x, quantized, int8Weight(graph, name, weight));
      return bias ? add(graph, y, bias) : y;
    }
    const byOutput = layout === 'out-in';
    if (storage === 'nf4') {
      const [table, factors] = [nf4Table(graph), nf4Factors(graph, name, weight)];
      const [outputs = 0, inputs = 0] = shape;
      // The runtime's own product knows one layout only.
      if (!byOutput) return gemm(graph, x, fromNf4(graph, part('codes'), factors, table, shape), bias);
      const y = nf4Product(graph, x, [part('bytes'), part('codes'), factors, table], { inputs, outputs });
      return bias ? add(graph, y, bias) : y;
    }
    const restored = storage === 'int8' ? fromInt8(graph, part('codes'), part('scale'), byOutput ? 0 : 1) : fromHalf(graph, part('half'));
    return gemm(graph, x, restored, bias, { transposeB: byOutput });
  };
}
