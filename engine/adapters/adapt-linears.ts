import type { Graph } from '../graph/graph.ts';
import { add, div, maximum, mul, scale, squareRoot, sub } from '../graph/ops/arithmetic.ts';
import { detach } from '../graph/ops/detach.ts';
import { keepWhere } from '../graph/ops/keep-where.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { concat, reduceSum, split, transpose } from '../graph/ops/shape.ts';
import { dimension, first, given, type Value } from '../graph/types.ts';
import { type GraphAdapter, loraScale, magnitudeVector, matrixA, matrixB } from './lora.ts';

/** The layers that are adapted, as they are without an adapter. */
export interface BaseLayers {
  /** x · Wᵀ, and the layer's bias added where it has one and it is asked for. x: [n, in] → [n, out]. */
  product(x: Value, name: string, options: { bias: boolean }): Value;
  bias(name: string): Value | undefined;
  /** A tensor of the adapter. */
  tensor(name: string, shape: readonly number[]): Value;
  /** Numbers that do not change. */
  constant(data: Float32Array): Value;
}

/** Prefix of the inputs that tell which elements a dropout keeps, see `dropoutFeeds`. */
export const dropoutInput = 'dropout.';

/**
 * Linear layers that share an input, with what an adapter adds to them. Products with matrices of a few rows are slow for their
 * size, so the A of all layers are stacked and multiplied at once, forward and backward. With dropout they share its mask too: an
 * input `dropout.${first adapted layer}`, bool [n, in].
 * @param x [n, in]. @returns [n, out] for each name.
 */
export function adaptLinears(
  graph: Graph,
  x: Value,
  names: readonly string[],
  adapter: GraphAdapter | undefined,
  base: BaseLayers,
): Value[] {
  const layers = names.filter((name) => adapter?.tensors.has(matrixA(name)));
  if (!adapter || layers.length === 0) return names.map((name) => base.product(x, name, { bias: true }));
  const tensor = (name: string) => base.tensor(name, adapter.tensors.get(name) ?? []);
  const keep = 1 - (adapter.settings.dropout ?? 0);
  const factor = loraScale(adapter.settings);
  const input = keep < 1 ? keepWhere(graph, graph.input(`${dropoutInput}${layers[0] ?? ''}`, 'bool', x.shape), x) : x;

  const a = layers.map((name) => tensor(matrixA(name)));
  const inner = gemm(graph, input, a.length > 1 ? concat(graph, a, 0) : first(a), undefined, { transposeB: true });
  const ranks = a.map((matrix) => dimension(matrix, 0));
  const parts = a.length > 1 ? split(graph, inner, 1, ranks) : [inner];

  return names.map((name) => {
    const index = layers.indexOf(name);
    if (index < 0) return base.product(x, name, { bias: true });
    const b = tensor(matrixB(name));
    const adapted = (y: Value) => gemm(graph, given(parts[index]), b, y, { transposeB: true, alpha: factor / keep });
    const rows = rowFactors(graph, name, given(a[index]), b, factor, adapter, base);
    if (!rows) return adapted(base.product(x, name, { bias: true }));
    if (keep < 1) {
      // As PEFT has it: only the change that the adapter makes sees the dropout, not the layer itself.
      const dropped = scale(graph, base.product(input, name, { bias: false }), 1 / keep);
      return add(graph, base.product(x, name, { bias: true }), sub(graph, mul(graph, adapted(dropped), rows), dropped));
    }
    const y = mul(graph, adapted(base.product(x, name, { bias: false })), rows);
    const bias = base.bias(name);
    return bias ? add(graph, y, bias) : y;
  });
}

/**
 * What DoRA multiplies each output by: magnitude / ‖row of W + scale · B A‖, [out]. The norm is taken for a constant in the
 * backward pass, as the paper proposes. The sum itself is not formed: ‖w + s·bA‖² = ‖w‖² + 2s·b·(A w) + s²·b·(A Aᵀ)·b.
 */
function rowFactors(
  graph: Graph,
  name: string,
  a: Value,
  b: Value,
  factor: number,
  { tensors, rowSquares, stretches }: GraphAdapter,
  base: BaseLayers,
): Value | undefined {
  const fixed = stretches?.get(name);
  if (fixed) return base.constant(fixed);
  const squares = rowSquares?.get(name);
  if (!squares) return undefined;
  const shape = tensors.get(magnitudeVector(name));
  if (!shape) throw new Error(`the adapter has no ${magnitudeVector(name)}`);
  const rowSum = (value: Value) => reduceSum(graph, value, [1]);
  const mixed = rowSum(mul(graph, b, transpose(graph, base.product(a, name, { bias: false }), [1, 0])));
  const own = rowSum(mul(graph, b, gemm(graph, b, gemm(graph, a, a, undefined, { transposeB: true }))));
  const sum = add(graph, add(graph, base.constant(squares), scale(graph, mixed, 2 * factor)), scale(graph, own, factor * factor));
  const norm = squareRoot(graph, maximum(graph, sum, graph.scalar(1e-12, sum.dtype)));
  return div(graph, base.tensor(magnitudeVector(name), shape), detach(graph, norm));
}
