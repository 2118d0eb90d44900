import type { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { concat, split } from '../graph/ops/shape.ts';
import { dimension, given, type Value } from '../graph/types.ts';
import { randomSource } from '../random.ts';

/** Low-rank adaptation (Hu et al. 2021): y = x Wᵀ + alpha / rank · x Aᵀ Bᵀ, with A: [rank, in] and B: [out, rank]. */
export interface LoraSettings {
  rank: number;
  alpha: number;
  /** Last parts of the names of the linear layers that are adapted: `q_proj`, `mlp.down_proj`. */
  targetModules: readonly string[];
}

export interface LoraTensor {
  /** As in the graph: `model.layers.0.self_attn.q_proj.lora_A.weight`. */
  name: string;
  shape: readonly [number, number];
}

export const isTarget = (layer: string, targets: readonly string[]): boolean =>
  targets.some((target) => layer === target || layer.endsWith(`.${target}`));

/**
 * The tensors that LoRA adds to a model.
 * @param parameters shapes of the model's own tensors by name.
 */
export function loraTensors(parameters: ReadonlyMap<string, readonly number[]>, settings: LoraSettings): LoraTensor[] {
  return [...parameters].flatMap(([name, shape]) => {
    const layer = name.replace(/\.weight$/, '');
    const [outputs, inputs] = shape;
    if (layer === name || outputs === undefined || inputs === undefined || !isTarget(layer, settings.targetModules)) return [];
    return [
      { name: `${layer}.lora_A.weight`, shape: [settings.rank, inputs] as const },
      { name: `${layer}.lora_B.weight`, shape: [outputs, settings.rank] as const },
    ];
  });
}

/** Start values as in PEFT: A uniform in ±1/√in (Kaiming with a = √5), B zero, so that training starts at the base model. */
export function initialLoraTensors(tensors: readonly LoraTensor[], seed: number): Map<string, Float32Array> {
  const random = randomSource(seed);
  return new Map(
    tensors.map(({ name, shape: [rows, columns] }) => {
      const data = new Float32Array(rows * columns);
      if (name.endsWith('.lora_A.weight')) {
        const bound = 1 / Math.sqrt(columns);
        for (let index = 0; index < data.length; index++) data[index] = (2 * random() - 1) * bound;
      }
      return [name, data];
    }),
  );
}

/** A linear layer's output, and the matrices that adapt it. y: [n, out], a: [rank, in], b: [out, rank]. */
export interface AdaptedOutput {
  y: Value;
  a: Value;
  b: Value;
}

/**
 * Adds the low-rank paths to linear layers that share an input. Products with matrices of a few rows are slow for their
 * size, so the A of all layers are stacked and multiplied at once, forward and backward. x: [n, in].
 */
export function applyLora(graph: Graph, x: Value, layers: readonly AdaptedOutput[], scale: number): Value[] {
  const stacked =
    layers.length > 1
      ? concat(
          graph,
          layers.map(({ a }) => a),
          0,
        )
      : given(layers[0]?.a);
  const inner = gemm(graph, x, stacked, undefined, { transposeB: true });
  const ranks = layers.map(({ a }) => dimension(a, 0));
  const parts = layers.length > 1 ? split(graph, inner, 1, ranks) : [inner];
  return layers.map(({ y, b }, index) => gemm(graph, given(parts[index]), b, y, { transposeB: true, alpha: scale }));
}
