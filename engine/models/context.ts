import { applyLora, type LoraSettings } from '../adapters/lora.ts';
import type { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import type { FloatType, Value } from '../graph/types.ts';
import type { ForwardContext } from './family.ts';

/** LoRA matrices that are part of a graph. */
export interface GraphAdapter {
  settings: Pick<LoraSettings, 'rank' | 'alpha'>;
  /** Shapes by name: `${layer}.lora_A.weight`, `${layer}.lora_B.weight`. */
  tensors: ReadonlyMap<string, readonly number[]>;
}

/** Binds a forward pass to a graph: weights become graph weights, adapted layers get their low-rank path. */
export function forwardContext(
  graph: Graph,
  parameters: ReadonlyMap<string, readonly number[]>,
  adapter?: GraphAdapter,
  dtype: FloatType = 'float32',
): ForwardContext {
  const weight = (name: string): Value => {
    const shape = parameters.get(name);
    if (!shape) throw new Error(`the model has no tensor ${name}`);
    return graph.weight(name, dtype, shape);
  };
  return {
    graph,
    weight,
    linear(x, name) {
      const bias = parameters.has(`${name}.bias`) ? weight(`${name}.bias`) : undefined;
      const y = gemm(graph, x, weight(`${name}.weight`), bias, { transposeB: true });
      const [a, b] = [`${name}.lora_A.weight`, `${name}.lora_B.weight`];
      const [shapeA, shapeB] = [adapter?.tensors.get(a), adapter?.tensors.get(b)];
      if (!adapter || !shapeA || !shapeB) return y;
      const { rank, alpha } = adapter.settings;
      return applyLora(graph, x, y, graph.weight(a, dtype, shapeA), graph.weight(b, dtype, shapeB), alpha / rank);
    },
  };
}
