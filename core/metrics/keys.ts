const units: Readonly<Record<string, string>> = {
  loss: 'nats/token',
  evaluationLoss: 'nats/token',
  perplexity: '',
  learningRate: '',
  gradientNorm: '',
  tokensPerSecond: 'tokens/s',
  targetTokensPerSecond: 'tokens/s',
  stepSeconds: 's',
  residentMemory: 'bytes',
  deviceMemory: 'bytes',
  processRank: '',
};

/** What a metric is measured in; empty for pure numbers and for keys that are not known. */
export const unitOf = (key: string): string => units[key] ?? '';

/** In the order in which people want to see them; others follow by name. */
export function compareKeys(a: string, b: string): number {
  const order = Object.keys(units);
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  return rank(a) - rank(b) || a.localeCompare(b);
}
