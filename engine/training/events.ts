import type { Device } from '../hardware/device.ts';
import type { RuntimeName } from '../runtimes/runtime.ts';

/** What a training run tells while it goes. The worker numbers these and writes one journal line for each. */
export type TrainingEvent =
  StartedEvent | MetricsEvent | LogEvent | CheckpointEvent | RollbackEvent | ArtifactEvent | PausedEvent | CompletedEvent | CancelledEvent;

/** The first event of each attempt. */
export interface StartedEvent {
  type: 'started';
  /** Optimizer steps done before this attempt: 0, or the step of the checkpoint that it goes on from. */
  step: number;
  /** The number that the last step will have. */
  totalSteps: number;
  /** What the steps are computed on. */
  device: Device;
  /** The library that computes them, and its package with version. */
  runtime?: RuntimeName;
  library?: string;
  threads: number;
  /** Number of weights: of the whole model, and of the tensors that are trained. */
  parameters: number;
  trainableParameters: number;
  trainExamples: number;
  validationExamples: number;
}

/**
 * Measured values after optimizer step `step` (1-based). Each key appears once a step.
 * Every step: loss (nats per target token), learningRate, gradientNorm (before clipping), tokensPerSecond,
 * targetTokensPerSecond, stepSeconds, residentMemory (bytes), deviceMemory (bytes, where the GPU's driver tells), processRank (0: the only process), and what the method
 * measures. At evaluations, in an event of its own: evaluationLoss, perplexity, and what the method measures, named
 * `evaluation…`. Step 0 carries the evaluation before training. Values may be NaN or infinite: a run that diverges shows it.
 */
export interface MetricsEvent {
  type: 'metrics';
  step: number;
  /** Passes over the training set so far, e.g. 1.25. */
  epoch: number;
  /** Input tokens trained on so far. */
  tokens: number;
  values: Record<string, number>;
}

export interface LogEvent {
  type: 'log';
  step: number;
  level: 'info' | 'warn' | 'error';
  message: string;
}

export interface CheckpointEvent {
  type: 'checkpoint';
  step: number;
  /** Relative to the run folder: `checkpoints/step-00000050`. */
  path: string;
  bytes: number;
  loss: number;
}

/**
 * Training diverged: it goes on with the weights of an earlier step. Steps are attempts of the optimizer and go on counting, so
 * no step is told twice. An attempt that computes the step again after a crash tells this again.
 */
export interface RollbackEvent {
  type: 'rollback';
  /** The step that showed it. */
  step: number;
  /** The step whose weights, optimizer state and place in the schedule are taken; 0: those of the start. */
  toStep: number;
  /** What the learning rate of the schedule is multiplied with from now on. */
  rateFactor: number;
  /** The number that the last step will have now: lost updates are made up for. */
  totalSteps: number;
  reason: string;
}

export interface ArtifactEvent {
  type: 'artifact';
  step: number;
  /** The step whose weights these are, where the best were taken and not the last. */
  weightsStep?: number;
  kind: 'adapter' | 'model';
  /** Relative to the run folder: `artifacts/adapter`. */
  path: string;
  bytes: number;
}

/** The run was asked to pause. It goes on from its newest checkpoint when it is started again. */
export interface PausedEvent {
  type: 'paused';
  step: number;
}

/** All steps are done, or the run stopped early because the evaluation loss no longer fell. */
export interface CompletedEvent {
  type: 'completed';
  step: number;
  seconds: number;
}

export interface CancelledEvent {
  type: 'cancelled';
  step: number;
}
