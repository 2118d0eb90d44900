/** What a training run tells while it goes. The worker numbers these and writes one journal line for each. */
export type TrainingEvent = StartedEvent | MetricsEvent | LogEvent | CheckpointEvent | ArtifactEvent | CompletedEvent | CancelledEvent;

/** The first event of each attempt. */
export interface StartedEvent {
  type: 'started';
  /** Optimizer steps done before this attempt: 0, or the step of the checkpoint that it goes on from. */
  step: number;
  totalSteps: number;
  /** Execution provider of ONNX Runtime. */
  device: 'cpu';
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
 * targetTokensPerSecond, stepSeconds, residentMemory (bytes). At evaluations, in an event of its own:
 * evaluationLoss, perplexity. Step 0 carries the evaluation before training.
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

export interface ArtifactEvent {
  type: 'artifact';
  step: number;
  kind: 'adapter' | 'model';
  /** Relative to the run folder: `artifacts/adapter`. */
  path: string;
  bytes: number;
}

export interface CompletedEvent {
  type: 'completed';
  step: number;
  seconds: number;
}

export interface CancelledEvent {
  type: 'cancelled';
  step: number;
}
