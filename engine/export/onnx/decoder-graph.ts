import { Graph } from '../../graph/graph.ts';
import { embedding } from '../../graph/ops/indexing.ts';
import { gemm } from '../../graph/ops/matmul.ts';
import { concat, reshape } from '../../graph/ops/shape.ts';
import { first, type Value } from '../../graph/types.ts';
import { int, int64s, type OnnxEmitter } from '../../onnx/emitter.ts';
import { forwardContext } from '../../models/context.ts';
import type { Angles, ModelFamily } from '../../models/family.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { masked } from '../../models/positions.ts';
import type { Sizes } from './sizes.ts';

/** Weights beside the model's own: cosine and sine of each position's rotary angles, [positions, head size / 2]. */
export const angleTables = { cos: 'rotary.cos', sin: 'rotary.sin' } as const;

/**
 * A decoder with the inputs and outputs that Transformers.js and Optimum expect.
 *
 * Inputs: `input_ids`, `position_ids` int64 [batch, length]; `attention_mask` int64 [batch, past + length], 0 where there
 * is padding; `past_key_values.i.key`, `….value` [batch, key-value heads, past, head size], `past` may be 0. Outputs:
 * `logits` [batch, length, vocabulary]; `present.i.key`, `….value` [batch, key-value heads, past + length, head size].
 */
export function buildDecoder(
  { family, config }: { family: ModelFamily; config: ModelConfig },
  { batch, length, past, total }: Sizes,
): { graph: Graph; outputs: Record<string, Value> } {
  const graph = new Graph();
  const ids = toInt32(graph, reshape(graph, graph.input('input_ids', 'int64', [batch, length]), [batch * length]));
  const attentionMask = graph.input('attention_mask', 'int64', [batch, total]);
  const positions = toInt32(graph, reshape(graph, graph.input('position_ids', 'int64', [batch, length]), [batch * length]));
  const cached = [batch, config.keyValueHeads, past, config.headSize];
  const cache = Array.from({ length: config.layers }, (_, layer) => ({
    key: graph.input(`past_key_values.${layer}.key`, 'float32', cached),
    value: graph.input(`past_key_values.${layer}.value`, 'float32', cached),
  }));

  const half = config.headSize / 2;
  const table = (name: string) => {
    const rows = embedding(graph, graph.weight(name, 'float32', [config.maxPositions, half]), positions);
    return reshape(graph, rows, [batch, length, half]);
  };
  let knownAngles: Angles | undefined;
  const angles = () => (knownAngles ??= { cos: table(angleTables.cos), sin: table(angleTables.sin) });
  const masks = new Map<number | undefined, Value>();
  const mask = (window?: number): Value => {
    const known = masks.get(window) ?? causalMask(graph, attentionMask, { batch, length, past, total }, window);
    masks.set(window, known);
    return known;
  };

  const context = forwardContext(graph, family.parameters(config));
  const result = family.forward(context, config, { ids, batch, length, positions, angles, mask, cache });
  const logits = gemm(graph, result.hidden, result.head, undefined, { transposeB: true });
  const outputs: Record<string, Value> = { logits: reshape(graph, logits, [batch, length, config.vocabularySize]) };
  result.cache.forEach((added, layer) => {
    const before = cache[layer] ?? added;
    outputs[`present.${layer}.key`] = concat(graph, [before.key, added.key], 2);
    outputs[`present.${layer}.value`] = concat(graph, [before.value, added.value], 2);
  });
  return { graph, outputs };
}

/** ONNX's number of the type int32, for `Cast`. */
const onnxInt32 = 6;
const onnxBool = 9;

function toInt32(graph: Graph, x: Value): Value {
  const emit = (emitter: OnnxEmitter, inputs: readonly string[], outputs: readonly string[]) =>
    emitter.node('Cast', inputs, outputs, { to: int(onnxInt32) });
  return first(graph.append({ op: 'ToInt32', inputs: [x], attributes: undefined, emit }, [{ dtype: 'int32', shape: x.shape }]));
}

/**
 * What is added to the attention scores, [batch, 1, length, past + length]: 0 where a position sees another, a large
 * negative number where that comes later, lies before the window, or is padding.
 */
function causalMask(graph: Graph, attentionMask: Value, { batch, length, past, total }: Sizes, window?: number): Value {
  const emit = (emitter: OnnxEmitter, [padding = '']: readonly string[], [mask = '']: readonly string[]): void => {
    const size = (value: number) => emitter.literal(BigInt64Array.of(BigInt(value)), 'int64', []);
    const part = (name: string) => `${mask}_${name}`;
    emitter.node('Range', [size(0), size(total), size(1)], [part('keys')]);
    emitter.node('Range', [size(past), size(total), size(1)], [part('range')]);
    emitter.node('Unsqueeze', [part('range'), int64s(emitter, [1])], [part('queries')]);
    emitter.node('LessOrEqual', [part('keys'), part('queries')], [part('before')]);
    let seen = part('before');
    if (window !== undefined) {
      emitter.node('Sub', [part('queries'), size(window)], [part('edge')]);
      emitter.node('Greater', [part('keys'), part('edge')], [part('near')]);
      emitter.node('And', [seen, part('near')], [part('inside')]);
      seen = part('inside');
    }
    emitter.node('Cast', [padding], [part('there')], { to: int(onnxBool) });
    emitter.node('Unsqueeze', [part('there'), int64s(emitter, [1, 2])], [part('tokens')]);
    emitter.node('And', [seen, part('tokens')], [part('seen')]);
    const score = (value: number) => emitter.literal(Float32Array.of(value), 'float32', []);
    emitter.node('Where', [part('seen'), score(0), score(masked)], [mask]);
  };
  const parts = { op: 'DecoderMask', inputs: [attentionMask], attributes: { window }, emit };
  return first(graph.append(parts, [{ dtype: 'float32', shape: [batch, 1, length, total] }]));
}
