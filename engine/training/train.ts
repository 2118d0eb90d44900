import { availableParallelism } from 'node:os';
import type { TrainingConfig } from '../config.ts';
import { bucketLength, planBatches } from '../data/batches.ts';
import type { Example } from '../data/example.ts';
import { EngineError } from '../errors.ts';
import { countParameters } from '../models/load.ts';
import { learningRateAt } from '../optimizer/schedule.ts';
import { saveArtifact } from './artifact.ts';
import { latestCheckpoint, pruneCheckpoints, saveCheckpoint } from './checkpoint.ts';
import type { CheckpointEvent, MetricsEvent, TrainingEvent } from './events.ts';
import { makeMicroBatch, type MicroBatch } from './micro-batch.ts';
import { type PreparedRun, prepareRun } from './prepare.ts';
import { type Progress, progressSchema } from './progress.ts';

export interface TrainOptions {
  /** The run folder: checkpoints and artifacts are kept here, and a run goes on from its newest whole checkpoint. */
  folder: string;
  /** Aborted with the reason `cancel` the run ends; with `suspend` it saves a checkpoint and can go on later. */
  signal?: AbortSignal;
}

/**
 * Trains a model, from the start or from the newest checkpoint in the run folder, and tells everything that happens.
 * After a crash the steps since the checkpoint are computed again, with the very same losses.
 * @throws EngineError when model, data or configuration are not usable, or the loss is no longer a number.
 */
export async function* train(config: TrainingConfig, { folder, signal }: TrainOptions): AsyncGenerator<TrainingEvent> {
  const run = await prepareRun(config);
  try {
    yield* trainPrepared(run, config, folder, signal);
  } finally {
    await run.trainer.release();
  }
}

async function* trainPrepared(
  run: PreparedRun,
  config: TrainingConfig,
  folder: string,
  signal?: AbortSignal,
): AsyncGenerator<TrainingEvent> {
  const { trainer } = run;
  const plan = batchPlan(run.train, config);
  const resumed = await restore(run, folder);
  let progress = resumed.progress;
  const startedAt = performance.now() - progress.seconds * 1000;

  yield startedEvent(run, config, resumed.step, plan.totalSteps);
  yield* introduction(run, config, plan.totalSteps).map((message): TrainingEvent => ({ type: 'log', step: 0, level: 'info', message }));
  for (const message of run.warnings) yield { type: 'log', step: 0, level: 'warn', message };
  for (const name of resumed.passedOver) {
    yield { type: 'log', step: resumed.step, level: 'warn', message: `Checkpoint ${name} is damaged and was passed over.` };
  }
  if (resumed.checkpoint) yield resumed.checkpoint;
  else if (run.validation.length > 0) yield await evaluation(run, config, 0, 0, 0);

  for (let step = resumed.step + 1; step <= plan.totalSteps; step++) {
    if (signal?.aborted) {
      yield* stop(run, config, folder, step - 1, progress, signal.reason);
      return;
    }
    const microBatches = plan.at(step).map((indices) => collate(run, indices));
    const learningRate = learningRateAt(step, plan.totalSteps, config.optimizer.learningRate, config.schedule);
    const begun = performance.now();
    const result = await trainer.step(microBatches, learningRate, step);
    const stepSeconds = (performance.now() - begun) / 1000;
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
      throw new EngineError(
        'DIVERGED',
        `The loss is no longer a number at step ${step}. Start again with a lower learning rate (now ${config.optimizer.learningRate}) or a longer warm-up.`,
      );
    }
    progress = { tokens: progress.tokens + result.tokens, loss: result.loss, seconds: (performance.now() - startedAt) / 1000 };
    const epoch = plan.epochAt(step);
    yield {
      type: 'metrics',
      step,
      epoch,
      tokens: progress.tokens,
      values: {
        loss: result.loss,
        learningRate,
        gradientNorm: result.gradientNorm,
        tokensPerSecond: result.tokens / stepSeconds,
        targetTokensPerSecond: result.targets / stepSeconds,
        stepSeconds,
        residentMemory: process.memoryUsage.rss(),
      },
    };
    const isLast = step === plan.totalSteps;
    const due = (every: number) => isLast || (every > 0 && step % every === 0);
    if (run.validation.length > 0 && due(config.run.evaluateEvery)) {
      const evaluated = await evaluation(run, config, step, epoch, progress.tokens);
      yield evaluated;
      yield {
        type: 'log',
        step,
        level: 'info',
        message: `Evaluation loss ${evaluated.values.evaluationLoss?.toFixed(4) ?? ''} after step ${step}.`,
      };
    }
    if (due(config.run.checkpointEvery)) yield await checkpoint(run, config, folder, step, progress);
  }
  yield await saveArtifact(run, config, folder, plan.totalSteps);
  yield { type: 'completed', step: plan.totalSteps, seconds: (performance.now() - startedAt) / 1000 };
}

function startedEvent(run: PreparedRun, config: TrainingConfig, step: number, totalSteps: number): TrainingEvent {
  return {
    type: 'started',
    step,
    totalSteps,
    device: 'cpu',
    threads: config.run.threads || availableParallelism(),
    parameters: countParameters(run.model.family.parameters(run.model.config).values()),
    trainableParameters: countParameters(run.trainable.map(({ shape }) => shape)),
    trainExamples: run.train.length,
    validationExamples: run.validation.length,
  };
}

/** What is about to happen, in words. */
function introduction(run: PreparedRun, config: TrainingConfig, totalSteps: number): string[] {
  const count = (n: number) => n.toLocaleString('en-US');
  const { batchSize, gradientAccumulation } = config.schedule;
  const what = run.adapter
    ? `LoRA of rank ${config.method.rank} on ${run.trainable.length / 2} linear layers`
    : 'Full training of all weights';
  const sequences = gradientAccumulation > 1 ? `${gradientAccumulation} × ${batchSize}` : String(batchSize);
  return [
    `Model ${run.modelFolder}: ${run.model.config.layers} layers, ${what}.`,
    `${count(run.train.length)} examples to train on, ${count(run.validation.length)} held out. ${count(totalSteps)} steps of ${sequences} sequences.`,
  ];
}

interface BatchPlan {
  totalSteps: number;
  /** Micro-batches of an optimizer step (from 1), as indices of training examples. */
  at(step: number): readonly (readonly number[])[];
  epochAt(step: number): number;
}

/** The order of all training examples: a function of the configuration alone, so that a resumed run sees the same. */
function batchPlan(examples: readonly Example[], config: TrainingConfig): BatchPlan {
  const lengths = examples.map(({ inputIds }) => inputIds.length);
  const { batchSize, gradientAccumulation, epochs, maxSteps } = config.schedule;
  const epochPlan = (epoch: number) => planBatches(lengths, { batchSize, gradientAccumulation, seed: config.run.seed, epoch });
  let current = { epoch: 0, steps: epochPlan(0) };
  const stepsPerEpoch = current.steps.length;
  const fromEpochs = Math.max(1, Math.ceil(epochs * stepsPerEpoch));
  return {
    totalSteps: maxSteps > 0 ? Math.min(maxSteps, fromEpochs) : fromEpochs,
    at(step) {
      const epoch = Math.floor((step - 1) / stepsPerEpoch);
      if (epoch !== current.epoch) current = { epoch, steps: epochPlan(epoch) };
      return current.steps[(step - 1) % stepsPerEpoch] ?? [];
    },
    epochAt: (step) => step / stepsPerEpoch,
  };
}

function collate(run: PreparedRun, indices: readonly number[], from: readonly Example[] = run.train): MicroBatch {
  const examples = indices.flatMap((index) => from[index] ?? []);
  const longest = Math.max(...examples.map(({ inputIds }) => inputIds.length));
  return makeMicroBatch(examples, bucketLength(longest), run.tokenizer.padTokenId);
}

/** Mean loss over all target tokens of the validation rows. */
async function evaluation(run: PreparedRun, config: TrainingConfig, step: number, epoch: number, tokens: number): Promise<MetricsEvent> {
  const order = [...run.validation.keys()].sort(
    (a, b) => (run.validation[a]?.inputIds.length ?? 0) - (run.validation[b]?.inputIds.length ?? 0),
  );
  let [loss, targets] = [0, 0];
  for (let start = 0; start < order.length; start += config.schedule.batchSize) {
    const result = await run.trainer.evaluate(collate(run, order.slice(start, start + config.schedule.batchSize), run.validation));
    loss += result.loss;
    targets += result.targets;
  }
  const evaluationLoss = loss / targets;
  return { type: 'metrics', step, epoch, tokens, values: { evaluationLoss, perplexity: Math.exp(evaluationLoss) } };
}

async function checkpoint(
  run: PreparedRun,
  config: TrainingConfig,
  folder: string,
  step: number,
  progress: Progress,
): Promise<CheckpointEvent> {
  const { path, bytes } = await saveCheckpoint(folder, { step, tensors: run.trainer.state(), progress: { ...progress } });
  await pruneCheckpoints(folder, config.run.keepCheckpoints);
  return { type: 'checkpoint', step, path, bytes, loss: progress.loss };
}

interface Restored {
  step: number;
  progress: Progress;
  checkpoint?: CheckpointEvent;
  passedOver: readonly string[];
}

/** Puts the newest whole checkpoint back into the trainer. */
async function restore(run: PreparedRun, folder: string): Promise<Restored> {
  const { checkpoint: found, passedOver } = await latestCheckpoint(folder);
  if (!found) return { step: 0, progress: { tokens: 0, loss: 0, seconds: 0 }, passedOver };
  const progress = progressSchema.parse(found.progress);
  for (const { name, data } of run.trainer.state()) {
    const saved = found.tensors.get(name);
    if (saved?.data.length !== data.length) {
      throw new EngineError(
        'CHECKPOINT_BROKEN',
        `Checkpoint ${found.path} does not fit the run: ${name} is missing or of another size. Was the configuration changed? Start a new run.`,
      );
    }
    data.set(saved.data);
  }
  const { step, path, bytes } = found;
  return { step, progress, passedOver, checkpoint: { type: 'checkpoint', step, path, bytes, loss: progress.loss } };
}

/** Leaves a checkpoint behind; a cancelled run also keeps what it has learned so far. */
async function* stop(
  run: PreparedRun,
  config: TrainingConfig,
  folder: string,
  step: number,
  progress: Progress,
  reason: unknown,
): AsyncGenerator<TrainingEvent> {
  if (step > 0) yield await checkpoint(run, config, folder, step, progress);
  if (reason === 'suspend') return;
  if (step > 0) yield await saveArtifact(run, config, folder, step);
  yield { type: 'cancelled', step };
}
