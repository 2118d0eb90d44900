import { type BatchShape, packRows, planEpoch } from './batches.ts';
import type { TrainingData } from './training-data.ts';

export interface PlanOptions<Item> extends BatchShape {
  seed: number;
  maxLength: number;
  packing: boolean;
  /** Tokens of an example. */
  lengthOf: (item: Item) => number;
}

type Plan<Item> = Pick<TrainingData<Item>, 'stepsPerEpoch' | 'step' | 'close' | 'streamed' | 'packed' | 'trainExamples'>;

/** Steps over examples that are all in memory. */
export function planInMemory<Item>(items: readonly Item[], options: PlanOptions<Item>): Plan<Item> {
  const { batchSize, gradientAccumulation, seed, maxLength, packing, lengthOf } = options;
  const lengths = items.map(lengthOf);
  const rows = packing ? packRows(lengths, maxLength, seed) : lengths.map((_, index) => [index]);
  const rowLengths = packing ? rows.map(() => maxLength) : lengths;
  const planned = (epoch: number) => ({ epoch, steps: planEpoch(rowLengths, { batchSize, gradientAccumulation, seed, epoch }) });
  let current = planned(0);
  return {
    packed: packing,
    streamed: false,
    trainExamples: items.length,
    stepsPerEpoch: current.steps.length,
    step(epoch, index) {
      if (epoch !== current.epoch) current = planned(epoch);
      const microBatches = (current.steps[index] ?? []).map((microBatch) =>
        microBatch.map((row) => (rows[row] ?? []).flatMap((example) => items[example] ?? [])),
      );
      return Promise.resolve({ microBatches, warnings: [] });
    },
    close: () => Promise.resolve(),
  };
}
