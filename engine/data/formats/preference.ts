import { z } from 'zod';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { PreferenceExample } from '../example.ts';
import { encodePair } from '../pairs.ts';
import type { SegmentedText } from '../segments.ts';
import { defineFormat, type RowFormat } from './format.ts';
import { answerSegments, plainSegments } from './prompt-completion.ts';
import { hasAnswer, noAnswer, textOrTurns, toolsSchema, type Turn } from './turns.ts';

type TextOrTurns = string | readonly Turn[];

interface PreferenceRow {
  /** Null where it is what the answers have in common. */
  prompt: TextOrTurns | null;
  chosen: TextOrTurns;
  rejected: TextOrTurns;
  tools?: readonly unknown[] | null;
}

const emptyAsNull = z.preprocess((value) => (value === '' ? null : value), textOrTurns.nullish());

/**
 * Two answers to a prompt, the better one first. All three may be texts or lists of messages. Without a prompt, what both
 * answers begin with is the prompt; as texts they are then taken as they are, without the chat template.
 */
export const preference: RowFormat<PreferenceExample> = defineFormat({
  name: 'preference',
  fields: ['chosen', 'rejected'],
  optional: ['prompt', 'system', 'tools'],
  needs: 'chosen and rejected, two answers, and perhaps the prompt before them',
  schema: z
    .looseObject({ prompt: emptyAsNull, chosen: textOrTurns, rejected: textOrTurns, system: z.string().nullish(), tools: toolsSchema })
    .transform((row, context): PreferenceRow => {
      const prompt = withSystem(row.prompt ?? null, row.system);
      for (const field of ['chosen', 'rejected'] as const) {
        const answer = row[field];
        if (typeof answer !== 'string' && !hasAnswer(answer)) context.addIssue({ code: 'custom', path: [field], message: noAnswer });
      }
      const result = { prompt, chosen: row.chosen, rejected: row.rejected, tools: row.tools };
      if (prompt === null && commonBeginning(result).length === 0) {
        context.addIssue({ code: 'custom', path: ['prompt'], message: 'is missing, and chosen and rejected have no beginning in common' });
      }
      return result;
    }),
  encode(row, encoding) {
    const [chosen, rejected] = [row.chosen, row.rejected].map((answer) => segmentsOf(row, answer, encoding.tokenizer));
    if (!chosen || !rejected) throw new RangeError('two answers');
    return encodePair(chosen, rejected, encoding);
  },
});

function segmentsOf(row: PreferenceRow, answer: TextOrTurns, tokenizer: Tokenizer): SegmentedText {
  if (row.prompt === null) {
    const common = commonBeginning(row);
    return typeof common === 'string' && typeof answer === 'string'
      ? plainSegments(common, answer.slice(common.length))
      : answerSegments(common, answer.slice(common.length), tokenizer, row.tools);
  }
  // A list that does not begin with the assistant holds the prompt already.
  if (typeof answer !== 'string' && answer[0]?.role !== 'assistant') {
    const common = sharedTurns(row.chosen, row.rejected);
    return answerSegments(common, answer.slice(common.length), tokenizer, row.tools);
  }
  return answerSegments(row.prompt, answer, tokenizer, row.tools);
}

function withSystem(prompt: TextOrTurns | null, system: string | null | undefined): TextOrTurns | null {
  if (!system || prompt === null) return prompt;
  const turns = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
  return [{ role: 'system', content: system }, ...turns];
}

/** What both answers begin with: whole messages, or text up to a blank. */
function commonBeginning({ chosen, rejected }: PreferenceRow): TextOrTurns {
  if (typeof chosen !== 'string' || typeof rejected !== 'string') return sharedTurns(chosen, rejected);
  let length = 0;
  while (length < chosen.length && chosen[length] === rejected[length]) length++;
  const end = chosen.slice(0, length).search(/\s\S*$/);
  const common = chosen.slice(0, Math.max(0, end));
  return common.trim() === '' ? '' : common;
}

function sharedTurns(chosen: TextOrTurns, rejected: TextOrTurns): readonly Turn[] {
  if (typeof chosen === 'string' || typeof rejected === 'string') return [];
  const different = chosen.findIndex((turn, index) => JSON.stringify(turn) !== JSON.stringify(rejected[index]));
  return different < 0 ? chosen.slice(0, -1) : chosen.slice(0, different);
}
