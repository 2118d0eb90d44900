import { createHash } from 'node:crypto';
import type { GenerateRequest } from '@anneal/plugins';

/** Whether an output may come from the cache and go into it: as its kind is treated, never, or also one that was sampled. */
export type CacheUse = 'DEFAULT' | 'BYPASS' | 'FORCE';

/**
 * Whether the same question gets the same answer: one at temperature 0, or any when somebody wants it so. Answers with calls of tools
 * are not kept.
 */
export function isCacheable({ temperature, tools = [] }: Pick<GenerateRequest, 'temperature' | 'tools'>, use: CacheUse): boolean {
  if (use === 'BYPASS' || tools.length > 0) return false;
  return use === 'FORCE' || temperature === 0;
}

/**
 * What an answer is kept under: SHA-256, hexadecimal, over model, messages and everything that the answer depends on.
 * @param request model: the whole id, `plugin/model`
 * @param identity which model has that id now (see LanguageModels.identityOf)
 */
export function cacheKey({ model, system, messages, maxTokens, temperature, topP, stop, seed }: GenerateRequest, identity: string): string {
  const said = messages.map(({ role, content }) => [role, content]);
  const question = [model, identity, system ?? null, said, maxTokens, temperature, topP ?? 1, stop ?? [], seed ?? null];
  return createHash('sha256').update(JSON.stringify(question)).digest('hex');
}
