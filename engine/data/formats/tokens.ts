import { z } from 'zod';
import { type Example, ignoredLabel } from '../example.ts';
import type { FormatFields } from './format.ts';

const id = z.int().min(0, 'must not be negative');
const label = z.int().refine((value) => value >= 0 || value === ignoredLabel, 'must hold token ids and -100');
const sequences = <T extends z.ZodType>(item: T) => z.array(z.array(item).min(1)).min(1);

/**
 * One optimizer step as other trainers take it: a batch of sequences padded at the end to one length, token ids with labels
 * (−100 where no loss is taken) and a mask that is 1 where there is no padding.
 */
export const tokens: FormatFields = {
  name: 'tokens',
  fields: ['input_ids', 'labels'],
  optional: ['attention_mask'],
  needs: 'input_ids and labels, each a list of sequences of the same length',
};

/** What a model takes: ids below the size of its vocabulary, and sequences up to the end of its positions. */
export interface ModelLimits {
  vocabularySize: number;
  maxPositions: number;
}

/** The sequences of a step, without their padding. */
export const tokenStepSchema = ({ vocabularySize, maxPositions }: ModelLimits) =>
  z
    .looseObject({
      input_ids: sequences(id),
      labels: sequences(label),
      attention_mask: sequences(z.union([z.literal(0), z.literal(1)], 'must hold ones and zeros')).nullish(),
    })
    .transform((row, context): Example[] => {
      const mask = row.attention_mask ?? row.input_ids.map((ids) => ids.map(() => 1));
      const length = row.input_ids[0]?.length ?? 0;
      const refuse = (field: string, message: string): never => {
        context.addIssue({ code: 'custom', path: [field], message });
        return z.NEVER;
      };
      for (const [field, lists] of [
        ['input_ids', row.input_ids],
        ['labels', row.labels],
        ['attention_mask', mask],
      ] as const) {
        if (lists.length !== row.input_ids.length || lists.some((list) => list.length !== length)) {
          return refuse(field, `must hold ${row.input_ids.length} sequences of ${length} each, as input_ids begins`);
        }
      }
      if (row.input_ids.some((ids) => ids.some((token) => token >= vocabularySize)))
        return refuse('input_ids', `must be below ${vocabularySize}, the size of the model's vocabulary`);
      if (row.labels.some((labels) => labels.some((label) => label >= vocabularySize)))
        return refuse('labels', `must be below ${vocabularySize}, the size of the model's vocabulary`);
      const longest = Math.max(...mask.map((list) => list.reduce<number>((sum, seen) => sum + seen, 0)));
      if (longest > maxPositions)
        return refuse('input_ids', `has a sequence of ${longest} tokens, but the model's positions end at ${maxPositions}`);
      if (mask.some(isNotAtEnd)) return refuse('attention_mask', 'must be ones and then zeros in each sequence: padding at the end only');
      const padded = row.labels.some((labels, at) => labels.some((label, index) => mask[at]?.[index] === 0 && label !== ignoredLabel));
      if (padded) return refuse('labels', 'must be -100 where attention_mask is 0');
      if (row.labels.every((labels) => labels.slice(1).every((label) => label === ignoredLabel)))
        return refuse('labels', 'is -100 everywhere: there is nothing to learn');
      return row.input_ids.map((ids, at) => {
        const end = mask[at]?.indexOf(0) ?? -1;
        const cut = (list: readonly number[]) => Int32Array.from(end < 0 ? list : list.slice(0, end));
        return { inputIds: cut(ids), labels: cut(row.labels[at] ?? []) };
      });
    });

const isNotAtEnd = (mask: readonly number[]): boolean =>
  mask[0] === 0 || mask.some((value, index) => index > 0 && value > (mask[index - 1] ?? 0));
