import { LogitsProcessor, type Tensor } from '@huggingface/transformers';

/**
 * Keeps the most probable tokens whose probabilities reach p together (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751), which
 * Transformers.js has no part for.
 */
export class TopP extends LogitsProcessor {
  readonly #p: number;

  constructor(p: number) {
    super();
    this.#p = p;
  }

  /** @param logits [1, vocabulary], changed in place */
  override _call(_ids: bigint[][], logits: Tensor): Tensor {
    const data: unknown = logits.data;
    if (!(data instanceof Float32Array)) return logits;
    const order = Uint32Array.from(data.keys()).sort((a, b) => (data[b] ?? 0) - (data[a] ?? 0));
    const highest = data[order[0] ?? 0] ?? 0;
    const weights = data.map((logit) => Math.exp(logit - highest));
    const most = this.#p * weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    for (const token of order) {
      if (sum >= most) data[token] = -Infinity;
      sum += weights[token] ?? 0;
    }
    return logits;
  }
}
