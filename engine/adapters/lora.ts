import type { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import type { Value } from '../graph/types.ts';
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

export const isTarget = (layer: string, targets: readonly string[]): boolean => targets.some((target) => layer === target || layer.endsWith(`.${target}`));

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

/** Adds the low-rank path to the output of a linear layer. x: [n, in], y: [n, out] → [n, out]. */
export function applyLora(graph: Graph, x: Value, y: Value, a: Value, b: Value, scale: number): Value {
  return gemm(graph, gemm(graph, x, a, undefined, { transposeB: true }), b, y, { transposeB: true, alpha: scale });
}
