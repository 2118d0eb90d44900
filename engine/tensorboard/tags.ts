const known: Readonly<Record<string, string>> = {
  gradientNorm: 'train/grad_norm',
  perplexity: 'eval/perplexity',
  residentMemory: 'system/resident_memory_bytes',
  deviceMemory: 'system/device_memory_bytes',
  processRank: 'system/process_rank',
};

/**
 * The tag of a metric, as users of Hugging Face's trainers know it: `loss` is `train/loss`, `evaluationLoss` is `eval/loss`,
 * `rewardsMargins` is `train/rewards/margins`.
 */
export function tagOf(metric: string): string {
  const evaluated = /^evaluation([A-Z].*)$/.exec(metric)?.[1];
  const name = (evaluated ?? metric)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/^(rewards|logps)_/, '$1/');
  return known[metric] ?? `${evaluated === undefined ? 'train' : 'eval'}/${name}`;
}
