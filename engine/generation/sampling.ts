export interface Sampling {
  /** 0: always the most likely token. Above: logits are divided by it. */
  temperature: number;
  /** Only the k most likely tokens; 0: all. */
  topK: number;
  /** Only the most likely tokens whose probabilities sum up to p (Holtzman et al. 2020); 1: all. */
  topP: number;
}

/** The most likely token; the first of equals. */
function argMax(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? 0) > (logits[best] ?? 0)) best = id;
  return best;
}

/** Draws a token. @param random uniform in [0, 1); asked once for a draw, not at all at temperature 0. */
export function sample(logits: Float32Array, { temperature, topK, topP }: Sampling, random: () => number): number {
  if (temperature === 0) return argMax(logits);
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const highest = logits[kept[0] ?? 0] ?? 0;
  const likelihoods = kept.map((id) => Math.exp(((logits[id] ?? 0) - highest) / temperature));
  const total = likelihoods.reduce((sum, value) => sum + value, 0);

  let nucleus = 0;
  let inside = 0;
  while (inside < likelihoods.length && nucleus < topP * total) nucleus += likelihoods[inside++] ?? 0;

  let rest = random() * nucleus;
  for (let rank = 0; rank < inside; rank++) {
    rest -= likelihoods[rank] ?? 0;
    if (rest < 0) return kept[rank] ?? 0;
  }
  return kept[inside - 1] ?? 0;
}
