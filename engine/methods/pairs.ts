import { bucketLength } from '../data/batches.ts';
import { linearLogProbabilities } from '../graph/ops/linear-log-probabilities.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { reshape, split } from '../graph/ops/shape.ts';
import { given, type Value } from '../graph/types.ts';
import { findTargets, makeMicroBatch, type MicroBatch, targetCapacity, type Targets } from '../training/micro-batch.ts';
import { exampleLength, type LossInputs, type Measure, preferencePairs, type TrainingExample } from './method.ts';
import { targetFeeds, targetValues } from './token-targets.ts';

/** Pairs side by side: the better answers are the rows 0 … n−1, the worse ones the rows n … 2n−1, all of one length. */
export function collatePairs(examples: readonly TrainingExample[], padTokenId: number): MicroBatch {
  const pairs = preferencePairs(examples);
  const length = bucketLength(Math.max(...pairs.map(exampleLength)));
  const rows = [...pairs.map(({ chosen }) => chosen), ...pairs.map(({ rejected }) => rejected)];
  return { ...makeMicroBatch(rows, length, padTokenId), pairs };
}

/** Values of the better and of the worse answers: [2n, 1] → [n, 1] each. */
export function bothSides({ graph, shape }: LossInputs, values: Value): { chosen: Value; rejected: Value } {
  const [chosen, rejected] = split(graph, values, 0, [shape.batch / 2, shape.batch / 2]);
  return { chosen: given(chosen), rejected: given(rejected) };
}

/** What each pair counts. Adds the input `pairWeights` [n, 1]. */
export const pairWeights = ({ graph, dtype, shape }: LossInputs): Value => graph.input('pairWeights', dtype, [shape.batch / 2, 1]);

/**
 * log p(answer | prompt) of each sequence: [b, 1]. Adds the input `members` [b, t], which says how much each target counts in each
 * sequence: ones give sums, 1 / count gives means; and those of `targetValues`.
 */
export function sequenceLogProbabilities(inputs: LossInputs): Value {
  const { graph, dtype, head, shape } = inputs;
  const { rows, labels, options } = targetValues(inputs);
  const members = graph.input('members', dtype, [shape.batch, shape.targets]);
  const tokens = linearLogProbabilities(graph, rows, head, labels, options);
  return gemm(graph, members, reshape(graph, tokens, [shape.targets, 1]));
}

/** The targets of each sequence of a micro-batch, and the data for the inputs of `sequenceLogProbabilities`. */
export interface SequenceTargets {
  found: Targets;
  /** Targets of each row. */
  counts: readonly number[];
  capacity: number;
  feeds: Record<string, Int32Array | Float32Array>;
}

/** @param of sums or means over the targets of a sequence. */
export function sequenceTargets(microBatch: MicroBatch, of: 'sum' | 'mean'): SequenceTargets {
  const { batch, length, ids } = microBatch;
  const found = findTargets(microBatch);
  const capacity = targetCapacity(found.rows.length, ids.length);
  const counts = Array.from({ length: batch }, () => 0);
  const sequences = found.rows.map((row) => Math.floor(row / length));
  for (const sequence of sequences) counts[sequence] = (counts[sequence] ?? 0) + 1;
  const members = new Float32Array(batch * capacity);
  sequences.forEach((sequence, index) => (members[sequence * capacity + index] = of === 'sum' ? 1 : 1 / (counts[sequence] ?? 1)));
  return { found, counts, capacity, feeds: { ...targetFeeds(found, ids.length, capacity), members } };
}

type PreferenceMeasure = 'rewardsChosen' | 'rewardsRejected' | 'rewardsMargins' | 'rewardsAccuracies';

/**
 * What tells whether the model has learned to prefer (the names are those of TRL's trainers): mean reward of the better and of
 * the worse answers, the distance between them, and the share of pairs whose better answer has the larger reward.
 * @param rewards of the better answers, then of the worse ones.
 */
export function preferenceMeasures(rewards: ArrayLike<number>): Record<PreferenceMeasure, Measure> {
  const count = rewards.length / 2;
  let [chosen, rejected, right] = [0, 0, 0];
  for (let pair = 0; pair < count; pair++) {
    const [better, worse] = [rewards[pair] ?? NaN, rewards[count + pair] ?? NaN];
    chosen += better;
    rejected += worse;
    if (better > worse) right++;
  }
  return {
    rewardsChosen: { sum: chosen, count },
    rewardsRejected: { sum: rejected, count },
    rewardsMargins: { sum: chosen - rejected, count },
    rewardsAccuracies: { sum: right, count },
  };
}

/** Mean log probability of the better and of the worse answers. */
export function logProbabilityMeasures(values: ArrayLike<number>): Record<string, Measure> {
  const count = values.length / 2;
  let [chosen, rejected] = [0, 0];
  for (let pair = 0; pair < count; pair++) {
    chosen += values[pair] ?? NaN;
    rejected += values[count + pair] ?? NaN;
  }
  return { logpsChosen: { sum: chosen, count }, logpsRejected: { sum: rejected, count } };
}
