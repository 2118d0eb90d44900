import { add, mul, negate, scale, sub } from '../graph/ops/arithmetic.ts';
import { logOdds } from '../graph/ops/log-odds.ts';
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

export interface OrpoSettings {
  /** Weight of the odds ratio beside the likelihood. */
  orpoLambda: number;
}

/** log(p / (1 − p)), with 1 − p at least as large as in the graph. */
const odds = (logProbability: number): number => logProbability - Math.log(Math.max(1e-6, -Math.expm1(logProbability)));

/**
 * Odds ratio preference optimisation (Hong et al. 2024), without a reference model. With the mean log probability of an answer's
 * tokens, log p, and odds p / (1 − p): the loss is −log p of the better answers, averaged over their tokens as in supervised
 * fine-tuning, plus λ · −log σ(log(odds chosen / odds rejected)), averaged over the pairs.
 */
export function orpo({ orpoLambda: lambda }: OrpoSettings): TrainingMethod {
  return {
    data: 'preferences',
    collate: collatePairs,

    prepare(microBatch) {
      const sequences = sequenceTargets(microBatch, 'mean');
      const pairs = microBatch.batch / 2;
      const chosenTargets = sequences.counts.slice(0, pairs);
      const likelihoodTargets = chosenTargets.reduce((sum, count) => sum + count, 0);
      return {
        microBatch,
        counts: { targets: likelihoodTargets, pairs },
        targets: sequences.capacity,
        feeds: (totals) => ({
          ...sequences.feeds,
          // The mean log probability of a sequence counts as often as it has tokens.
          likelihoodWeights: Float32Array.from(chosenTargets, (count) => count / totals.targets),
          pairWeights: new Float32Array(pairs).fill(1 / totals.pairs),
        }),
        measure: (results) => {
          const values = results.numbers('logProbabilities');
          const ratios = values.slice(0, pairs).map((better, pair) => odds(better) - odds(values[pairs + pair] ?? NaN));
          const total = (terms: readonly number[]) => terms.reduce((sum, term) => sum + term, 0);
          return {
            nllLoss: { sum: -total(chosenTargets.map((count, pair) => count * (values[pair] ?? NaN))), count: likelihoodTargets },
            logOddsRatio: { sum: -total(ratios.map((ratio) => Math.log1p(Math.exp(-ratio)))), count: pairs },
            logOddsChosen: { sum: total(ratios), count: pairs },
            ...preferenceMeasures(values.map((value) => lambda * value)),
            ...logProbabilityMeasures(values),
          };
        },
      };
    },

    /** Inputs: `likelihoodWeights`, `pairWeights` [n, 1]; and those of the sequences. */
    loss(inputs) {
      const { graph, dtype, shape } = inputs;
      const logProbabilities = sequenceLogProbabilities(inputs);
      const { chosen } = bothSides(inputs, logProbabilities);
      const likelihoodWeights = graph.input('likelihoodWeights', dtype, [shape.batch / 2, 1]);
      const likelihood = reduceSum(graph, mul(graph, negate(graph, chosen), likelihoodWeights), [0, 1]);
      const sides = bothSides(inputs, logOdds(graph, logProbabilities));
      const losses = softplus(graph, sub(graph, sides.rejected, sides.chosen));
      const ratio = reduceSum(graph, mul(graph, losses, pairWeights(inputs)), [0, 1]);
      return { loss: add(graph, likelihood, scale(graph, ratio, lambda)), outputs: { logProbabilities } };
    },

    summarise: (means) => ({
      loss: (means.nllLoss ?? NaN) - lambda * (means.logOddsRatio ?? NaN),
      perplexity: Math.exp(means.nllLoss ?? NaN),
      ...means,
    }),
  };
}
