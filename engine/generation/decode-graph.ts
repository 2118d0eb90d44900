import type { GraphAdapter } from '../adapters/lora.ts';
import { Graph } from '../graph/graph.ts';
import { embedding } from '../graph/ops/indexing.ts';
import { gemm } from '../graph/ops/matmul.ts';
import type { Value } from '../graph/types.ts';
import { forwardContext } from '../models/context.ts';
import type { Angles } from '../models/family.ts';
import type { LoadedModel } from '../models/load.ts';
import { maskName } from '../models/positions.ts';

export interface DecodeShape {
  batch: number;
  /** New positions of each sequence. */
  length: number;
  /** Room in the KV cache; 0: there is none yet. */
  past: number;
}

/**
 * The logits after some new positions, and their keys and values for the cache.
 *
 * Inputs: `ids`, `positions` int32 [b · s]; `cos`, `sin` [b, s, d / 2] where the model rotates; `mask` [b, 1, s, past + s]
 * where some layer sees everything, and `mask.w` where one looks through a window of w positions; `last` int32 [b], the row
 * whose logits are wanted; `key.i`, `value.i` [b, key-value heads, past, d] for each layer i. Outputs: `logits` [b, v],
 * `new.key.i`, `new.value.i` [b, key-value heads, s, d] of the new positions.
 */
export function buildDecodeGraph(
  { family, config, stored, adapter }: Pick<LoadedModel, 'family' | 'config' | 'stored'> & { adapter?: GraphAdapter },
  { batch, length, past }: DecodeShape,
): { graph: Graph; outputs: Record<string, Value> } {
  const graph = new Graph();
  const context = forwardContext(graph, family.parameters(config), adapter, 'float32', { stored });
  const cached = [batch, config.keyValueHeads, past, config.headSize];
  const layers = Array.from({ length: config.layers }, (_, layer) => layer);
  const ids = graph.input('ids', 'int32', [batch * length]);
  const angleShape = [batch, length, config.headSize / 2];
  let known: Angles | undefined;
  const angles = () => (known ??= { cos: graph.input('cos', 'float32', angleShape), sin: graph.input('sin', 'float32', angleShape) });
  const positions = graph.input('positions', 'int32', [batch * length]);
  const masks = new Map<string, Value>();
  const mask = (window?: number): Value => {
    const name = maskName(window);
    const known = masks.get(name) ?? graph.input(name, 'float32', [batch, 1, length, past + length]);
    masks.set(name, known);
    return known;
  };
  const last = graph.input('last', 'int32', [batch]);
  const cache =
    past > 0
      ? layers.map((layer) => ({
          key: graph.input(`key.${layer}`, 'float32', cached),
          value: graph.input(`value.${layer}`, 'float32', cached),
        }))
      : undefined;
  const result = family.forward(context, config, { ids, batch, length, positions, angles, mask, cache });
  const outputs: Record<string, Value> = {
    logits: gemm(graph, embedding(graph, result.hidden, last), result.head, undefined, { transposeB: true }),
  };
  result.cache.forEach(({ key, value }, layer) => {
    outputs[`new.key.${layer}`] = key;
    outputs[`new.value.${layer}`] = value;
  });
  return { graph, outputs };
}
