import type { ModelConfig } from '../models/model-config.ts';

/**
 * Keys and values of all positions so far, [batch, key-value heads, capacity, head size] for each layer, with room to
 * spare so that a step writes one row instead of copying everything.
 */
export class KeyValueCache {
  readonly capacity: number;
  readonly #config: ModelConfig;
  readonly #batch: number;
  readonly #buffers = new Map<string, Float32Array>();

  constructor(config: ModelConfig, batch: number, capacity: number) {
    this.#config = config;
    this.#batch = batch;
    this.capacity = capacity;
    const size = batch * config.keyValueHeads * capacity * config.headSize;
    for (let layer = 0; layer < config.layers; layer++) {
      this.#buffers.set(`key.${layer}`, new Float32Array(size));
      this.#buffers.set(`value.${layer}`, new Float32Array(size));
    }
  }

  /** The buffers under the names of the decode graph's inputs. */
  feeds(): Record<string, Float32Array> {
    return Object.fromEntries(this.#buffers);
  }

  /**
   * Takes over the first `counts[sequence]` new positions of each sequence.
   * @param fresh for `key.i` and `value.i`: [batch, key-value heads, length, head size]. @param starts where they go.
   */
  write(fresh: (name: string) => Float32Array, length: number, starts: readonly number[], counts: readonly number[]): void {
    const { keyValueHeads, headSize } = this.#config;
    for (const [name, buffer] of this.#buffers) {
      const source = fresh(name);
      for (let sequence = 0; sequence < this.#batch; sequence++) {
        for (let head = 0; head < keyValueHeads; head++) {
          const row = sequence * keyValueHeads + head;
          const from = row * length * headSize;
          buffer.set(
            source.subarray(from, from + (counts[sequence] ?? 0) * headSize),
            (row * this.capacity + (starts[sequence] ?? 0)) * headSize,
          );
        }
      }
    }
  }

  /** The same contents with more room. */
  grown(capacity: number): KeyValueCache {
    const larger = new KeyValueCache(this.#config, this.#batch, capacity);
    const counts = Array.from({ length: this.#batch }, () => this.capacity);
    const starts = counts.map(() => 0);
    larger.write((name) => this.#buffers.get(name) ?? new Float32Array(), this.capacity, starts, counts);
    return larger;
  }
}
