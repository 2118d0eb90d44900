import type { TokenPrice, Usage } from '@anneal/plugins';

const million = 1_000_000;

/** What an answer costs, in USD. `inputTokens` counts those that were read from or written to the provider's cache too. */
export function costOf(price: TokenPrice, usage: Usage): number {
  const { inputPerMillion, outputPerMillion, cacheReadPerMillion = inputPerMillion, cacheWritePerMillion = inputPerMillion } = price;
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage;
  const fresh = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens);
  const sum =
    fresh * inputPerMillion +
    cacheReadTokens * cacheReadPerMillion +
    cacheWriteTokens * cacheWritePerMillion +
    outputTokens * outputPerMillion;
  return sum / million;
}
