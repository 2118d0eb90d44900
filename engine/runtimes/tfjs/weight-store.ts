import type { TensorData } from '../../graph/types.ts';
import type { Tensor } from './tensorflow.ts';

/** Weights in the memory of TensorFlow.js, one copy of each for all graphs that use it. */
export class WeightStore {
  readonly #held = new Map<TensorData, { tensor: Tensor; users: number }>();

  /** The tensor of a weight; the first user makes it. */
  take(data: TensorData, make: () => Tensor): Tensor {
    const held = this.#held.get(data) ?? { tensor: make(), users: 0 };
    held.users++;
    this.#held.set(data, held);
    return held.tensor;
  }

  /** Frees the tensor once its last user has given it back. */
  giveBack(data: TensorData): void {
    const held = this.#held.get(data);
    if (!held || --held.users > 0) return;
    held.tensor.dispose();
    this.#held.delete(data);
  }
}
