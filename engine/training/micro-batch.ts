import { type Example, ignoredLabel } from '../data/example.ts';

/** Sequences of one length that pass through the model together. */
export interface MicroBatch {
  /** Sequences. */
  batch: number;
  /** Positions of each sequence, padding included. */
  length: number;
  /** [batch · length], padded at the end of each sequence. */
  ids: Int32Array;
  /** [batch · length], aligned with `ids`; −100 where no loss is taken. */
  labels: Int32Array;
  /** Positions that are not padding. */
  tokens: number;
}

/** Positions whose next token is a target, and what it is. */
export interface Targets {
  /** Row of the hidden states: position before the target. */
  rows: number[];
  labels: number[];
}

/** Examples side by side, padded at the end to one length. */
export function makeMicroBatch(examples: readonly Example[], length: number, padTokenId: number): MicroBatch {
  const batch = examples.length;
  const ids = new Int32Array(batch * length).fill(padTokenId);
  const labels = new Int32Array(batch * length).fill(ignoredLabel);
  let tokens = 0;
  examples.forEach((example, row) => {
    if (example.inputIds.length > length)
      throw new RangeError(`an example of ${example.inputIds.length} tokens in a batch of length ${length}`);
    ids.set(example.inputIds, row * length);
    labels.set(example.labels, row * length);
    tokens += example.inputIds.length;
  });
  return { batch, length, ids, labels, tokens };
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
