import { z } from 'zod';
import { conversationSegments } from '../conversation.ts';
import { defineTextFormat } from './format.ts';

/** One instruction, perhaps with an input that it is about, and the wanted output (Taori et al. 2023). */
export const alpaca = defineTextFormat({
  name: 'alpaca',
  fields: ['instruction', 'output'],
  optional: ['input', 'system'],
  needs: 'instruction and output',
  schema: z.looseObject({ instruction: z.string(), input: z.string().nullish(), output: z.string(), system: z.string().nullish() }),
  toSegments: ({ instruction, input, output, system }, tokenizer) =>
    conversationSegments(tokenizer, [
      ...(system ? [{ role: 'system', content: system }] : []),
      { role: 'user', content: input ? `${instruction}\n\n${input}` : instruction },
      { role: 'assistant', content: output },
    ]),
});
