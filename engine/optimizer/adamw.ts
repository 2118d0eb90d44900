export interface AdamWSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
}

/** Running means of the gradient and of its square; as long as the tensor. */
export interface Moments {
  mean: Float32Array;
  square: Float32Array;
}

/**
 * One step of AdamW (Kingma & Ba 2015; decoupled decay: Loshchilov & Hutter 2019), in place, as PyTorch does it.
 * @param step optimizer step, from 1.
 * @param factor what the gradient is multiplied by first (clipping).
 */
export function adamW(
  weight: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  settings: AdamWSettings,
  learningRate: number,
  step: number,
  factor: number,
): void {
  const { beta1, beta2, epsilon, weightDecay } = settings;
  const { mean, square } = moments;
  const keep = 1 - learningRate * weightDecay;
  const rate = learningRate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  for (let index = 0; index < weight.length; index++) {
    const g = (gradient[index] ?? 0) * factor;
    const m = Math.fround(beta1 * (mean[index] ?? 0) + (1 - beta1) * g);
    const v = Math.fround(beta2 * (square[index] ?? 0) + (1 - beta2) * g * g);
    mean[index] = m;
    square[index] = v;
    weight[index] = (weight[index] ?? 0) * keep - (rate * m) / (Math.sqrt(v) * correction + epsilon);
  }
}

/** The Euclidean norm of all gradients together, summed in double precision. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) for (let index = 0; index < gradient.length; index++) sum += (gradient[index] ?? 0) ** 2;
  return Math.sqrt(sum);
}

/** The factor that brings gradients of a norm down to at most `limit`; 0 for `limit` turns clipping off. */
export const clipFactor = (norm: number, limit: number): number => (limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1);
