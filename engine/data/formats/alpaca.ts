import { z } from 'zod';
import { conversationSegments } from '../conversation.ts';
import { defineFormat } from './format.ts';

/** One instruction, perhaps with an input that it is about, and the wanted output (Taori et al. 2023). */
export const alpaca = defineFormat({
  name: 'alpaca',
  fields: ['instruction', 'output'],
  needs: 'instruction and output',
  schema: z.looseObject({ instruction: z.string(), input: z.string().nullish(), output: z.string() }),
  toSegments: ({ instruction, input, output }, tokenizer) =>
    conversationSegments(tokenizer, [
      { role: 'user', content: input ? `${instruction}\n\n${input}` : instruction },
      { role: 'assistant', content: output },
    ]),
});
