import type { TrainingConfig } from '../config.ts';
import type { TrainingData, TrainingStep } from '../data/training-data.ts';

export interface BatchPlan<Item> {
  totalSteps: number;
  /** What an optimizer step (from 1, without end) learns from. */
  at(step: number): Promise<TrainingStep<Item>>;
  epochAt(step: number): number;
}

/** Passes over the training set: a function of dataset and configuration alone, so that a resumed run sees the same. */
export function batchPlan<Item>(data: TrainingData<Item>, { schedule: { epochs, maxSteps } }: TrainingConfig): BatchPlan<Item> {
  const { stepsPerEpoch } = data;
  const fromEpochs = Math.max(1, Math.ceil(epochs * stepsPerEpoch));
  return {
    totalSteps: maxSteps > 0 ? Math.min(maxSteps, fromEpochs) : fromEpochs,
    at: (step) => data.step(Math.floor((step - 1) / stepsPerEpoch), (step - 1) % stepsPerEpoch),
    epochAt: (step) => step / stepsPerEpoch,
  };
}
