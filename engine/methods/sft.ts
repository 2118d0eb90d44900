import { bucketLength } from '../data/batches.ts';
import { linearCrossEntropy } from '../graph/ops/linear-cross-entropy.ts';
import { findTargets, makeMicroBatch, targetCapacity } from '../training/micro-batch.ts';
import { exampleLength, plainExamples, type TrainingMethod } from './method.ts';
import { targetFeeds, targetValues } from './token-targets.ts';

/**
 * Supervised fine-tuning (Ouyang et al. 2022, first stage): the cross-entropy of the next token, averaged over the target tokens
 * of the whole step. Which tokens are targets is up to the data: the answers, or everything.
 */
export const sft: TrainingMethod = {
  data: 'examples',

  collate(examples, padTokenId) {
    const length = bucketLength(Math.max(...examples.map(exampleLength)));
    return makeMicroBatch(plainExamples(examples), length, padTokenId);
  },

  prepare(microBatch) {
    const found = findTargets(microBatch);
    const positions = microBatch.ids.length;
    const capacity = targetCapacity(found.rows.length, positions);
    return {
      microBatch,
      counts: { targets: found.rows.length, pairs: 0 },
      targets: capacity,
      feeds: (totals) => ({
        ...targetFeeds(found, positions, capacity),
        weights: new Float32Array(capacity).fill(1 / totals.targets, 0, found.rows.length),
      }),
      measure: (results) => ({ loss: { sum: results.scalar('loss'), count: found.rows.length } }),
    };
  },

  /** Input: `weights` [t], what each target counts. */
  loss(inputs) {
    const { graph, dtype, head, shape } = inputs;
    const { rows, labels, options } = targetValues(inputs);
    const weights = graph.input('weights', dtype, [shape.targets]);
    return { loss: linearCrossEntropy(graph, rows, head, labels, weights, options) };
  },

  summarise: ({ loss = NaN }) => ({ loss, perplexity: Math.exp(loss) }),
};
