import { z } from 'zod';
import { conversationSegments } from '../conversation.ts';
import { defineFormat } from './format.ts';

/** A conversation of any length. Every turn of the assistant is a target; what follows the last of them is left out. */
export const messages = defineFormat({
  name: 'messages',
  fields: ['messages'],
  needs: 'messages, a list of {role, content} with at least one of the assistant',
  schema: z.looseObject({
    messages: z
      .array(z.looseObject({ role: z.string().min(1), content: z.string() }))
      .refine((list) => list.some(({ role }) => role === 'assistant'), 'no message has the role "assistant"')
      .transform((list) => list.map(({ role, content }) => ({ role, content }))),
  }),
  toSegments({ messages: list }, tokenizer) {
    const end = list.findLastIndex(({ role }) => role === 'assistant');
    return conversationSegments(tokenizer, list.slice(0, end + 1));
  },
});
