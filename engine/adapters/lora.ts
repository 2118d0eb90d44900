import type { LinearLayer } from '../models/tensor-list.ts';
import { randomSource } from '../random.ts';

/** Low-rank adaptation (Hu et al. 2021): y = x Wᵀ + scale · x Aᵀ Bᵀ, with A: [rank, in] and B: [out, rank]. */
export interface LoraSettings {
  rank: number;
  alpha: number;
  /** The scale is alpha / √rank instead of alpha / rank, so that it does not vanish for large ranks (Kalajdzievski 2023). */
  rsLora?: boolean;
  /** The rows of the adapted weight have lengths of their own, which are trained too (Liu et al. 2024). */
  dora?: boolean;
  /** Share of the low-rank path's inputs that is zero in a training step; the others are larger by as much. */
  dropout?: number;
}

/** A tensor under the name that it has in the graph: `model.layers.0.self_attn.q_proj.lora_A.weight`. */
export interface AdapterTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** LoRA matrices that are part of a graph. */
export interface GraphAdapter {
  settings: LoraSettings;
  /** Shapes by name: `${layer}.lora_A.weight`, `${layer}.lora_B.weight`, and `${layer}.lora_magnitude_vector` for DoRA. */
  tensors: ReadonlyMap<string, readonly number[]>;
  /** DoRA whose tensors change: Σ w² of each row of the layer's own weight, [out]. */
  rowSquares?: ReadonlyMap<string, Float32Array>;
  /** DoRA whose tensors do not change: what each output is multiplied by, [out]. See `stretches`. */
  stretches?: ReadonlyMap<string, Float32Array>;
}

export const matrixA = (layer: string): string => `${layer}.lora_A.weight`;
export const matrixB = (layer: string): string => `${layer}.lora_B.weight`;
export const magnitudeVector = (layer: string): string => `${layer}.lora_magnitude_vector`;

/** Factor of the low-rank product. */
export const loraScale = ({ rank, alpha, rsLora }: LoraSettings): number => alpha / (rsLora ? Math.sqrt(rank) : rank);

/** The same adapter where nothing is left out at random. */
export const withoutDropout = (adapter: GraphAdapter): GraphAdapter => ({ ...adapter, settings: { ...adapter.settings, dropout: 0 } });

/**
 * The matrices for some layers, with start values as in PEFT: A uniform in ±1/√in (Kaiming with a = √5), B zero, so that training
 * starts at the base model.
 */
export function initialMatrices(layers: readonly LinearLayer[], rank: number, seed: number): AdapterTensor[] {
  const random = randomSource(seed);
  return layers.flatMap(({ name, inputs, outputs }) => {
    const bound = 1 / Math.sqrt(inputs);
    const a = Float32Array.from({ length: rank * inputs }, () => (2 * random() - 1) * bound);
    return [
      { name: matrixA(name), shape: [rank, inputs], data: a },
      { name: matrixB(name), shape: [outputs, rank], data: new Float32Array(outputs * rank) },
    ];
  });
}
