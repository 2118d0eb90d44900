import { type Example, ignoredLabel, type PreferenceExample } from '../data/example.ts';

/** Rows of one length that pass through the model together. A row holds one sequence, or several that are packed. */
export interface MicroBatch {
  /** Rows. */
  batch: number;
  /** Positions of each row, padding included. */
  length: number;
  /** [batch · length], padded at the end of each sequence. */
  ids: Int32Array;
  /** [batch · length], aligned with `ids`; −100 where no loss is taken. */
  labels: Int32Array;
  /** Positions that are not padding. */
  tokens: number;
  /** [batch · length]: where in its row the sequence of each position starts. Left out when each row holds one sequence. */
  starts?: Int32Array;
  /** Where answers are compared: rows 0 … n−1 are the better ones of these pairs, rows n … 2n−1 the worse ones. */
  pairs?: readonly PreferenceExample[];
}

/** Positions whose next token is a target, and what it is. */
export interface Targets {
  /** Row of the hidden states: position before the target. */
  rows: number[];
  labels: number[];
}

/** Examples side by side, one a row, padded at the end to one length. */
export function makeMicroBatch(examples: readonly Example[], length: number, padTokenId: number): MicroBatch {
  const rows = examples.map((example) => [example]);
  return { ...packMicroBatch(rows, length, padTokenId), starts: undefined };
}

/**
 * Examples one after the other in rows that are padded at the end to one length. Packed examples do not see each other: attention
 * stays within an example and its positions start from 0 (Krell et al. 2021).
 */
export function packMicroBatch(rows: readonly (readonly Example[])[], length: number, padTokenId: number): MicroBatch {
  const batch = rows.length;
  const ids = new Int32Array(batch * length).fill(padTokenId);
  const labels = new Int32Array(batch * length).fill(ignoredLabel);
  const starts = new Int32Array(batch * length);
  let tokens = 0;
  rows.forEach((examples, row) => {
    let start = 0;
    for (const { inputIds, labels: targets } of examples) {
      const end = start + inputIds.length;
      if (end > length) throw new RangeError(`examples of ${end} tokens in a row of ${length}`);
      ids.set(inputIds, row * length + start);
      labels.set(targets, row * length + start);
      // The first token of an example has nothing before it that could predict it.
      labels.fill(ignoredLabel, row * length + start, row * length + start + 1);
      starts.fill(start, row * length + start, row * length + end);
      tokens += inputIds.length;
      start = end;
    }
    // Padding: each position is alone.
    for (let position = start; position < length; position++) starts[row * length + position] = position;
  });
  return { batch, length, ids, labels, tokens, starts };
}

/** The position before each target predicts it. The first position of a sequence is never a target. */
export function findTargets({ batch, length, labels }: MicroBatch): Targets {
  const targets: Targets = { rows: [], labels: [] };
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let position = 1; position < length; position++) {
      const index = sequence * length + position;
      const label = labels[index] ?? ignoredLabel;
      if (label === ignoredLabel) continue;
      targets.rows.push(index - 1);
      targets.labels.push(label);
    }
  }
  return targets;
}

/** Room for targets in a compiled step: quarters of all positions, so that a few graphs serve every batch. */
export const targetCapacity = (targets: number, positions: number): number =>
  Math.max(1, Math.ceil((positions / 4) * Math.ceil((4 * targets) / positions)));
