import { z } from 'zod';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { conversationSegments } from '../conversation.ts';
import type { SegmentedText } from '../segments.ts';
import { defineTextFormat } from './format.ts';
import { hasAnswer, noAnswer, textOrTurns, toolsSchema, type Turn } from './turns.ts';

/**
 * A prompt and what follows it, both as text or as messages. With a chat template texts are the user's and the assistant's
 * turn; without one the completion follows the prompt as it is, with nothing in between.
 */
export const promptCompletion = defineTextFormat({
  name: 'prompt-completion',
  fields: ['prompt', 'completion'],
  optional: ['tools'],
  needs: 'prompt and completion',
  schema: z.looseObject({
    prompt: textOrTurns,
    completion: textOrTurns.refine((answer) => typeof answer === 'string' || hasAnswer(answer), noAnswer),
    tools: toolsSchema,
  }),
  toSegments: ({ prompt, completion, tools }, tokenizer) => answerSegments(prompt, completion, tokenizer, tools),
});

/** A prompt as context and the answer to it as target. */
export function answerSegments(
  prompt: string | readonly Turn[],
  answer: string | readonly Turn[],
  tokenizer: Tokenizer,
  tools?: readonly unknown[] | null,
): SegmentedText {
  if (typeof prompt === 'string' && typeof answer === 'string' && !tokenizer.hasChatTemplate) return plainSegments(prompt, answer);
  const asked = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
  const answered = typeof answer === 'string' ? [{ role: 'assistant', content: answer }] : answer;
  const end = answered.findLastIndex(({ role }) => role === 'assistant');
  return conversationSegments(tokenizer, [...asked, ...answered.slice(0, end + 1)], {
    tools: tools ?? [],
    learned: (index) => index >= asked.length,
  });
}

/** The answer follows the prompt as it is. */
export const plainSegments = (prompt: string, answer: string): SegmentedText => ({
  segments: [
    { text: prompt, target: false },
    { text: answer, target: true, ends: true },
  ],
  addSpecialTokens: true,
});
