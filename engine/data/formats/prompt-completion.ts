import { z } from 'zod';
import { conversationSegments } from '../conversation.ts';
import { defineFormat } from './format.ts';

/**
 * A prompt and what follows it. With a chat template they are the user's and the assistant's turn; without one the
 * completion follows the prompt as it is, with nothing in between.
 */
export const promptCompletion = defineFormat({
  name: 'prompt-completion',
  fields: ['prompt', 'completion'],
  needs: 'prompt and completion',
  schema: z.looseObject({ prompt: z.string(), completion: z.string() }),
  toSegments({ prompt, completion }, tokenizer) {
    if (!tokenizer.hasChatTemplate) {
      return {
        segments: [
          { text: prompt, target: false },
          { text: completion, target: true, ends: true },
        ],
        addSpecialTokens: true,
      };
    }
    return conversationSegments(tokenizer, [
      { role: 'user', content: prompt },
      { role: 'assistant', content: completion },
    ]);
  },
});
