import { z } from 'zod';
import { defineTextFormat } from './format.ts';

/** Plain text: every token is a target, and the end token after the last one. */
export const text = defineTextFormat({
  name: 'text',
  fields: ['text'],
  optional: [],
  needs: 'text',
  schema: z.looseObject({ text: z.string() }),
  toSegments: (row) => ({ segments: [{ text: row.text, target: true, ends: row.text !== '' }], addSpecialTokens: true }),
});
