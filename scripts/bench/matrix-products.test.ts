import { gemm, Graph, matMul, slice } from '@anneal/engine/internals';
import { expect, it } from 'vitest';
import { countProducts, operationsOf } from './matrix-products.ts';
import { productRate } from './product-rate.ts';

function products() {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [256, 128]);
  const w = graph.weight('w', 'float32', [192, 128]);
  const first = gemm(graph, x, w, undefined, { transposeB: true });
  const second = gemm(graph, slice(graph, gemm(graph, first, w), 1, 0, 128), w, undefined, { transposeB: true });
  const heads = graph.input('heads', 'float32', [3, 4, 5]);
  const scores = matMul(graph, heads, heads, { transposeB: true });
  matMul(graph, scores, heads); // Nothing depends on it.
  return countProducts({ graph, outputs: [second, scores] });
}

it('counts products as they are executed', () => {
  expect(products()).toEqual([
    { operator: 'Gemm', batch: 1, rows: 256, inner: 128, columns: 192, transposeA: false, transposeB: true, count: 2 },
    { operator: 'Gemm', batch: 1, rows: 256, inner: 192, columns: 128, transposeA: false, transposeB: false, count: 1 },
    { operator: 'MatMul', batch: 3, rows: 4, inner: 5, columns: 4, transposeA: false, transposeB: true, count: 1 },
  ]);
  expect(products().map(operationsOf)).toEqual([2 * 256 * 128 * 192, 2 * 256 * 128 * 192, 2 * 3 * 4 * 5 * 4]);
});

it('measures the rate of the large ones', async () => {
  const { operations, rate, measuredShare, products: measured } = await productRate(products(), 1);
  expect(operations).toBe(3 * 2 * 256 * 128 * 192 + 2 * 3 * 4 * 5 * 4);
  expect(measuredShare).toBeCloseTo(1, 4);
  expect(measured.map(({ product, count }) => `${count} × ${product}`)).toEqual([
    '2 × Gemm [256, 128] · [192, 128]ᵀ',
    '1 × Gemm [256, 192] · [192, 128]',
  ]);
  expect(rate).toBeGreaterThan(0);
});
