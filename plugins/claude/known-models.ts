import type { TokenPrice } from '@anneal/plugins/kit';

/** What is known of a model without asking. */
export interface KnownModel {
  id: string;
  name: string;
  contextTokens: number;
  maxOutputTokens: number;
  price: TokenPrice;
}

/**
 * List prices in USD for a million tokens, and sizes, as Anthropic published them, as of October 2026
 * (https://platform.claude.com/docs/en/about-claude/pricing). They change, and an account may have others: the prices that a project sets
 * (setModelPrice) come first. Writing to the cache costs 1.25 times the input (kept for five minutes). Claude Haiku 5.5 costs five times as
 * much for a prompt of more than 100,000 tokens, which this table cannot say.
 */
export const knownModels: readonly KnownModel[] = [
  model('claude-fable-5-1', 'Claude Fable 5.1', [10, 50, 0.25]),
  model('claude-fable-5', 'Claude Fable 5', [10, 50, 1]),
  model('claude-mythos-5-1', 'Claude Mythos 5.1', [10, 50, 0.25]),
  model('claude-mythos-5', 'Claude Mythos 5', [10, 50, 1]),
  model('claude-opus-5-5', 'Claude Opus 5.5', [4, 20, 0.2]),
  model('claude-opus-5', 'Claude Opus 5', [5, 25, 0.5]),
  model('claude-opus-4-8', 'Claude Opus 4.8', [5, 25, 0.5]),
  model('claude-opus-4-7', 'Claude Opus 4.7', [5, 25, 0.5]),
  model('claude-opus-4-6', 'Claude Opus 4.6', [5, 25, 0.5]),
  model('claude-opus-4-5', 'Claude Opus 4.5', [5, 25, 0.5], 200_000, 64_000),
  model('claude-sonnet-5-5', 'Claude Sonnet 5.5', [2, 10, 0.1]),
  model('claude-sonnet-5', 'Claude Sonnet 5', [2, 10, 0.2]),
  model('claude-sonnet-4-6', 'Claude Sonnet 4.6', [3, 15, 0.3], 1_000_000, 64_000),
  model('claude-sonnet-4-5', 'Claude Sonnet 4.5', [3, 15, 0.3], 200_000, 64_000),
  model('claude-haiku-5-5', 'Claude Haiku 5.5', [0.1, 0.5, 0.01]),
  model('claude-haiku-4-5', 'Claude Haiku 4.5', [1, 5, 0.1], 200_000, 64_000),
];

function model(
  id: string,
  name: string,
  price: [number, number, number],
  contextTokens = 1_000_000,
  maxOutputTokens = 128_000,
): KnownModel {
  const [inputPerMillion, outputPerMillion, cacheReadPerMillion] = price;
  const cacheWritePerMillion = Number((inputPerMillion * 1.25).toFixed(6));
  return {
    id,
    name,
    contextTokens,
    maxOutputTokens,
    price: { inputPerMillion, outputPerMillion, cacheReadPerMillion, cacheWritePerMillion },
  };
}

/** Also by a name with a date: claude-haiku-4-5-20251001. */
export const knownModel = (id: string): KnownModel | undefined => knownModels.find((known) => known.id === id.replace(/-\d{8}$/, ''));
