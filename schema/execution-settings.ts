import type { ExecutionSettingsInput } from '@anneal/core';
import { CacheUse } from './execution.ts';
import { builder } from './builder.ts';

/** How something is executed: an input type of its own, for what the executions of prompts, wordings and batches have in common. */
export const ExecutionSettings = builder.inputType('ExecutionSettingsInput', {
  description: 'How a model is asked, where that is to be otherwise than the version of the prompt says.',
  fields: (t) => ({
    model: t.string({ description: 'The model, `plugin/model`. Left out: that of the version.' }),
    temperature: t.float({ description: '0 to 2; 0 always takes the most likely token. Left out: that of the version, else 0.' }),
    topP: t.float({
      description: 'Share of the most likely tokens that are drawn from: above 0, at most 1. Left out: that of the version, else 1.',
    }),
    maxTokens: t.int({ description: 'Most tokens of the answer, 1 to 1,000,000. Left out: that of the version, else 1024.' }),
    stop: t.stringList({ description: 'At most 16 texts that end the answer, of 1 to 200 characters. Left out: those of the version.' }),
    seed: t.int({ description: 'What the lot is drawn with, where the model takes one.' }),
    timeLimitSeconds: t.float({ description: 'Most seconds, all attempts together: above 0, at most 600. Left out: 120.' }),
    maxAttempts: t.int({
      description: 'How often the model is asked at most, 1 to 10: again after errors that pass, after growing pauses. Left out: 3.',
    }),
    cache: t.field({ type: CacheUse, description: 'Use of the output cache. Left out: `DEFAULT`.' }),
  }),
});

/** Without what is null. */
export function settingsFrom(input: typeof ExecutionSettings.$inferInput | null | undefined): ExecutionSettingsInput {
  return {
    ...{ model: input?.model ?? undefined, temperature: input?.temperature ?? undefined, topP: input?.topP ?? undefined },
    ...{ maxTokens: input?.maxTokens ?? undefined, stop: input?.stop ?? undefined, seed: input?.seed ?? undefined },
    timeLimitSeconds: input?.timeLimitSeconds ?? undefined,
    maxAttempts: input?.maxAttempts ?? undefined,
    cache: input?.cache ?? undefined,
  };
}
