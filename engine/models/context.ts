import { applyLora, type LoraSettings } from '../adapters/lora.ts';
import type { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { first, type FloatType, given, type Value } from '../graph/types.ts';
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
  const plain = (x: Value, name: string): Value => {
    const bias = parameters.has(`${name}.bias`) ? weight(`${name}.bias`) : undefined;
    return gemm(graph, x, weight(`${name}.weight`), bias, { transposeB: true });
  };
  const tensor = (name: string): Value[] => {
    const shape = adapter?.tensors.get(name);
    return shape ? [graph.weight(name, dtype, shape)] : [];
  };
  const linears = (x: Value, names: readonly string[]): Value[] => {
    const outputs = names.map((name) => plain(x, name));
    const pairs = names.flatMap((name, index) =>
      tensor(`${name}.lora_A.weight`).flatMap((a) => tensor(`${name}.lora_B.weight`).map((b) => ({ a, b, index }))),
    );
    if (!adapter || pairs.length === 0) return outputs;
    const { rank, alpha } = adapter.settings;
    const adapted = applyLora(
      graph,
      x,
      pairs.map(({ a, b, index }) => ({ y: given(outputs[index]), a, b })),
      alpha / rank,
    );
    pairs.forEach(({ index }, place) => (outputs[index] = given(adapted[place])));
    return outputs;
  };
  return { graph, weight, linears, linear: (x, name) => first(linears(x, [name])) };
}
