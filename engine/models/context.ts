import { adaptLinears } from '../adapters/adapt-linears.ts';
import type { GraphAdapter } from '../adapters/lora.ts';
import type { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { first, type FloatType, type Value } from '../graph/types.ts';
import { storedProducts } from '../quantization/product.ts';
import type { StoredWeight } from '../quantization/stored-weight.ts';
import type { ForwardContext } from './family.ts';
import type { LinearLayer } from './tensor-list.ts';

export interface ContextOptions {
  /** Weights that are kept in a smaller form, by name. */
  stored?: ReadonlyMap<string, StoredWeight>;
  /** What the backward pass computes again in place of keeping it: what is cheap, or all inside of each layer. */
  gradientCheckpointing?: 'none' | 'layer';
}

/** Binds a forward pass to a graph: weights become graph weights, adapted layers get their low-rank path. */
export function forwardContext(
  graph: Graph,
  parameters: ReadonlyMap<string, readonly number[]>,
  adapter?: GraphAdapter,
  dtype: FloatType = 'float32',
  { stored = new Map(), gradientCheckpointing = 'none' }: ContextOptions = {},
): ForwardContext {
  const storedProduct = storedProducts(graph);
  const weight = (name: string): Value => {
    const shape = parameters.get(name);
    if (!shape) throw new Error(`the model has no tensor ${name}`);
    return graph.weight(name, dtype, shape);
  };
  const biasOf = (name: string) => (parameters.has(`${name}.bias`) ? weight(`${name}.bias`) : undefined);
  const linears = (x: Value, names: readonly string[], layout: LinearLayer['layout'] = 'out-in'): Value[] =>
    adaptLinears(graph, x, names, adapter, {
      product: (input, name, { bias }) => {
        const [added, kept] = [bias ? biasOf(name) : undefined, stored.get(`${name}.weight`)];
        if (kept) return storedProduct(input, `${name}.weight`, kept, added);
        return gemm(graph, input, weight(`${name}.weight`), added, { transposeB: layout === 'out-in' });
      },
      bias: biasOf,
      tensor: (name, shape) => graph.weight(name, dtype, shape),
      constant: (data) => graph.constant(dtype === 'float64' ? Float64Array.from(data) : data, dtype, [data.length]),
    });
  return {
    graph,
    weight,
    linears: (x, names) => linears(x, names),
    layer: (build) => (gradientCheckpointing === 'layer' ? graph.recomputed(build) : build()),
    linear: (x, name, { layout } = {}) => first(linears(x, [name], layout)),
  };
}
