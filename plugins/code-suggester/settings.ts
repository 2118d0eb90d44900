import { z } from '@anneal/plugins/kit';
import { settings as claude } from '../claude/settings.ts';

export const settings = claude.extend({
  model: z.string().min(1).max(200).default('claude-sonnet-5-5').describe('Model that writes the code'),
  maxTokens: z
    .int()
    .min(256)
    .max(128_000)
    .default(16_000)
    .describe('Most tokens of an answer, all suggestions together; what the model thinks counts too'),
});
export type Settings = z.output<typeof settings>;
