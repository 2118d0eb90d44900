import { add, mul, negate, scale, sub } from '../graph/ops/arithmetic.ts';
import { reduceSum } from '../graph/ops/shape.ts';
import { softplus } from '../graph/ops/softplus.ts';
import type { TrainingMethod } from './method.ts';
import {
  bothSides,
  collatePairs,
  logProbabilityMeasures,
  pairWeights,
  preferenceMeasures,
  sequenceLogProbabilities,
  sequenceTargets,
} from './pairs.ts';

export interface DpoSettings {
  /** How strongly the model is held to the reference: larger is closer. */
  dpoBeta: number;
  /** Share of the pairs that are taken to be labelled the wrong way round (Mitchell 2023); 0 to below 0.5. */
  dpoLabelSmoothing: number;
  dpoLoss: 'sigmoid' | 'ipo';
}

/**
 * Direct preference optimisation (Rafailov et al. 2023). With the log ratio r(y) = log π(y | x) − log π_ref(y | x) and
 * h = r(chosen) − r(rejected), a pair's loss is −log σ(β h), or (h − 1 / 2β)² for IPO (Azar et al. 2023), whose log probabilities
 * are means over the tokens instead of sums, so that long answers do not weigh more (as its authors advise, and as TRL does).
 * The rewards that are reported are β r.
 */
export function dpo({ dpoBeta: beta, dpoLabelSmoothing: smoothing, dpoLoss }: DpoSettings): TrainingMethod {
  const over = dpoLoss === 'ipo' ? 'mean' : 'sum';
  return {
    data: 'preferences',
    reference: over,
    collate: collatePairs,

    prepare(microBatch, reference = new Float32Array()) {
      const sequences = sequenceTargets(microBatch, over);
      const pairs = microBatch.batch / 2;
      return {
        microBatch,
        counts: { targets: sequences.found.rows.length, pairs },
        targets: sequences.capacity,
        feeds: (totals) => ({ ...sequences.feeds, reference, pairWeights: new Float32Array(pairs).fill(1 / totals.pairs) }),
        measure: (results) => {
          const values = results.numbers('logProbabilities');
          const rewards = values.map((value, index) => beta * (value - (reference[index] ?? NaN)));
          return { loss: { sum: results.scalar('loss'), count: pairs }, ...preferenceMeasures(rewards), ...logProbabilityMeasures(values) };
        },
      };
    },

    /** Inputs: `reference` [2n, 1], log probabilities under the reference model; `pairWeights` [n, 1]; and those of the sequences. */
    loss(inputs) {
      const { graph, dtype, shape } = inputs;
      const logProbabilities = sequenceLogProbabilities(inputs);
      const reference = graph.input('reference', dtype, [shape.batch, 1]);
      const { chosen, rejected } = bothSides(inputs, sub(graph, logProbabilities, reference));
      const margin = sub(graph, chosen, rejected);
      const sigmoidLoss = () => {
        const logit = scale(graph, margin, beta);
        const right = softplus(graph, negate(graph, logit));
        if (smoothing === 0) return right;
        return add(graph, scale(graph, right, 1 - smoothing), scale(graph, softplus(graph, logit), smoothing));
      };
      const ipoLoss = () => {
        const distance = sub(graph, margin, graph.scalar(1 / (2 * beta), dtype));
        return mul(graph, distance, distance);
      };
      const losses = dpoLoss === 'ipo' ? ipoLoss() : sigmoidLoss();
      return { loss: reduceSum(graph, mul(graph, losses, pairWeights(inputs)), [0, 1]), outputs: { logProbabilities } };
    },

    summarise: (means) => ({ ...means }),
  };
}
