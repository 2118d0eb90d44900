import { mul, negate, sub } from '../graph/ops/arithmetic.ts';
import { pickRows } from '../graph/ops/indexing.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { reduceSum } from '../graph/ops/shape.ts';
import { softplus } from '../graph/ops/softplus.ts';
import { type Value, dimension } from '../graph/types.ts';
import { scoreHead } from '../adapters/whole-modules.ts';
import type { LossInputs, TrainingMethod } from './method.ts';
import { bothSides, collatePairs, pairWeights, preferenceMeasures } from './pairs.ts';

export interface RewardSettings {
  /** By how much the better answer's value should at least be larger; 0: by anything. */
  rewardMargin: number;
}

/**
 * A reward model (Ouyang et al. 2022) for the preferences of Bradley & Terry (1952): one value for each answer, read from the
 * hidden state of its last token; the loss of a pair is −log σ(value of the better − value of the worse − margin).
 */
export function reward({ rewardMargin }: RewardSettings): TrainingMethod {
  return {
    data: 'preferences',
    valuesTexts: true,
    collate: collatePairs,

    prepare(microBatch) {
      const { batch, length, pairs = [] } = microBatch;
      const count = batch / 2;
      const lengths = [...pairs.map(({ chosen }) => chosen), ...pairs.map(({ rejected }) => rejected)].map(
        ({ inputIds }) => inputIds.length,
      );
      const last = Int32Array.from(lengths, (tokens, row) => row * length + tokens - 1);
      const places = new Int32Array(batch * length).fill(batch);
      last.forEach((row, index) => (places[row] = index));
      return {
        microBatch,
        counts: { targets: batch, pairs: count },
        targets: batch,
        feeds: (totals) => ({ rows: last, places, pairWeights: new Float32Array(count).fill(1 / totals.pairs) }),
        measure: (results) => {
          const { rewardsAccuracies, rewardsMargins, rewardsChosen, rewardsRejected } = preferenceMeasures(results.numbers('values'));
          return {
            loss: { sum: results.scalar('loss'), count },
            accuracy: rewardsAccuracies,
            margin: rewardsMargins,
            rewardsChosen,
            rewardsRejected,
          };
        },
      };
    },

    /** Inputs: `pairWeights` [n, 1]; and those of `lastTokenValues`. */
    loss(inputs) {
      const { graph, dtype } = inputs;
      const values = lastTokenValues(inputs);
      const { chosen, rejected } = bothSides(inputs, values);
      const distance = sub(graph, sub(graph, chosen, rejected), graph.scalar(rewardMargin, dtype));
      const losses = softplus(graph, negate(graph, distance));
      return { loss: reduceSum(graph, mul(graph, losses, pairWeights(inputs)), [0, 1]), outputs: { values } };
    },

    summarise: (means) => ({ ...means }),
  };
}

/**
 * The value of each sequence: [b, 1]. Adds the inputs `rows` int32 [b], the last token of each, and `places` int32 [b · s], the
 * way back (see pickRows).
 */
export function lastTokenValues({ graph, dtype, hidden, shape }: Pick<LossInputs, 'graph' | 'dtype' | 'hidden' | 'shape'>): Value {
  const rows = graph.input('rows', 'int32', [shape.batch]);
  const places = graph.input('places', 'int32', [shape.batch * shape.length]);
  const head = graph.weight(scoreHead, dtype, [1, dimension(hidden, 1)]);
  return gemm(graph, pickRows(graph, hidden, rows, places), head, undefined, { transposeB: true });
}
