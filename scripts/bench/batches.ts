import fs from 'node:fs';
import { z } from 'zod';
import { createRandom } from './random.ts';

const rows = z.array(z.array(z.int()).min(1)).min(1);

/** The batch of one optimizer step as both sides read it: [sequences, length], padded at the end. */
const batchSchema = z.object({
  input_ids: rows,
  /** Not shifted; −100 where no loss is taken. */
  labels: rows,
  /** 1 where there is no padding; left out where there is none at all. */
  attention_mask: rows.optional(),
});
export type Batch = z.output<typeof batchSchema>;

/** A sequence without its padding. */
export interface Sequence {
  ids: number[];
  labels: number[];
}

export const ignoredLabel = -100;

export const writeBatches = (file: string, batches: readonly Batch[]): void => fs.writeFileSync(file, JSON.stringify(batches));

export const readBatches = (file: string): Batch[] =>
  z
    .array(batchSchema)
    .min(1)
    .parse(JSON.parse(fs.readFileSync(file, 'utf8')));

/** Random tokens, each of them a target. */
export function randomBatches(
  { steps, batch, length, vocabulary }: { steps: number; batch: number; length: number; vocabulary: number },
  seed: number,
): Batch[] {
  const random = createRandom(seed);
  const row = () => Array.from({ length }, () => Math.floor(random.uniform() * vocabulary));
  return Array.from({ length: steps }, () => {
    const sequences = Array.from({ length: batch }, row);
    return { input_ids: sequences, labels: sequences };
  });
}

/** Sequences of different lengths side by side, padded to the longest of them. */
export function padded(sequences: readonly Sequence[]): Batch {
  const length = Math.max(...sequences.map(({ ids }) => ids.length));
  const fill = (values: readonly number[], value: number) => [...values, ...Array.from({ length: length - values.length }, () => value)];
  return {
    input_ids: sequences.map(({ ids }) => fill(ids, 0)),
    labels: sequences.map(({ labels }) => fill(labels, ignoredLabel)),
    attention_mask: sequences.map(({ ids }) =>
      fill(
        ids.map(() => 1),
        0,
      ),
    ),
  };
}

export function unpadded({ input_ids, labels, attention_mask }: Batch): Sequence[] {
  return input_ids.map((ids, row) => {
    const end = attention_mask?.[row]?.indexOf(0) ?? -1;
    const cut = (values: readonly number[]) => values.slice(0, end < 0 ? ids.length : end);
    return { ids: cut(ids), labels: cut(labels[row] ?? []) };
  });
}

/** Tokens that a loss is taken of: the first of a sequence has nothing before it that could predict it. */
export const targetsOf = ({ labels }: Batch): number =>
  labels.reduce((sum, row) => sum + row.slice(1).filter((label) => label !== ignoredLabel).length, 0);
