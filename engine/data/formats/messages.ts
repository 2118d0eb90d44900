import { z } from 'zod';
import { conversationSegments } from '../conversation.ts';
import type { SegmentedText } from '../segments.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { defineTextFormat } from './format.ts';
import { hasAnswer, listOf, noAnswer, toolsSchema, type Turn, turnSchema } from './turns.ts';

/**
 * A conversation of any length in OpenAI's form, perhaps with tools. Every turn of the assistant is a target, but for those of
 * weight 0; what follows the last of them is left out.
 */
export const messages = defineTextFormat({
  name: 'messages',
  fields: ['messages'],
  optional: ['tools'],
  needs: 'messages, a list of {role, content} with at least one of the assistant',
  schema: z.looseObject({ messages: listOf(turnSchema).refine(hasAnswer, noAnswer), tools: toolsSchema }),
  toSegments: (row, tokenizer) => turnSegments(row.messages, row.tools, tokenizer),
});

/** The text of a conversation up to its last answer. */
export function turnSegments(turns: readonly Turn[], tools: readonly unknown[] | null | undefined, tokenizer: Tokenizer): SegmentedText {
  const end = turns.findLastIndex(({ role }) => role === 'assistant');
  return conversationSegments(tokenizer, turns.slice(0, end + 1), {
    tools: tools ?? [],
    learned: (index) => turns[index]?.weight !== 0,
  });
}
