import type { FormatName } from './formats/formats.ts';

/** What a run learns from, cut into optimizer steps. A function of dataset and configuration: a resumed run sees the same. */
export interface TrainingData<Item> {
  /** What the rows were read as. */
  format: FormatName;
  /** Examples in an epoch; rows, where they are read while training: some may turn out to give no example, or several. */
  trainExamples: number;
  validation: readonly Item[];
  /** Whether rows of a micro-batch are packed: hold several examples, in at most the maximum length together. */
  packed: boolean;
  /** Whether rows are read from disk while training. */
  streamed: boolean;
  stepsPerEpoch: number;
  /** What a person should know of the dataset before training. */
  warnings: readonly string[];
  /**
   * One optimizer step.
   * @param epoch from 0
   * @param index from 0, below `stepsPerEpoch`
   * @throws EngineError `DATASET_INVALID` when rows that are read only now cannot be used
   */
  step(epoch: number, index: number): Promise<TrainingStep<Item>>;
  close(): Promise<void>;
}

export interface TrainingStep<Item> {
  /** Micro-batches of rows of examples: one example a row, unless they are packed. */
  microBatches: readonly MicroBatchRows<Item>[];
  /** What a person should know of the rows that were read. */
  warnings: readonly string[];
}

export type MicroBatchRows<Item> = readonly (readonly Item[])[];
