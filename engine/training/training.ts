import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { DeviceMemory } from '../hardware/process-memory.ts';
import type { TrainingExample } from '../methods/method.ts';
import { globalNorm } from '../optimizer/adamw.ts';
import { learningRateAt } from '../optimizer/schedule.ts';
import { saveLearned } from './artifact.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { type BatchPlan, batchPlan } from './data-order.ts';
import { addCandidate, confirm, observeLoss } from './divergence-guard.ts';
import { evaluated } from './early-stopping.ts';
import { endsEpochs, evaluate } from './evaluation.ts';
import type { LogEvent, TrainingEvent } from './events.ts';
import { introduction, startedEvent } from './opening.ts';
import type { PreparedRun } from './prepare.ts';
import { freshProgress, type Progress } from './progress.ts';
import { restore } from './restore.ts';
import { collate } from './run-data.ts';
import { describeChanges } from './same-training.ts';
import type { StepResult } from './trainer.ts';

/** What is left of a training that begins again with the weights of the start. */
export interface Lost {
  step: number;
  progress: Progress;
}

/** A training in progress, from its start or a checkpoint to its end. */
export class Training {
  readonly #run: PreparedRun;
  readonly #config: TrainingConfig;
  readonly #folder: string;
  readonly #plan: BatchPlan<TrainingExample>;
  readonly #keeper: CheckpointKeeper;
  readonly #deviceMemory: DeviceMemory;
  /** Optimizer steps attempted: the place in the data and the number that everybody sees. Never goes back. */
  #step = 0;
  #progress: Progress = freshProgress;
  /** Milliseconds; moved back by the time of earlier attempts. */
  #startedAt = performance.now();

  constructor(run: PreparedRun, config: TrainingConfig, folder: string) {
    this.#run = run;
    this.#config = config;
    this.#folder = folder;
    this.#plan = batchPlan(run.data, config);
    this.#keeper = new CheckpointKeeper(folder, config);
    this.#deviceMemory = new DeviceMemory(run.runtime.device);
  }

  /**
   * Trains to the end, or until the signal is aborted.
   * @param lost of a training that diverged before it had a good checkpoint: goes on behind it.
   * @returns whether this one diverged in that way.
   */
  async *events(lost: Lost | null, signal?: AbortSignal): AsyncGenerator<TrainingEvent, Lost | null> {
    if (lost) this.#goOnFrom(lost.step, lost.progress);
    else yield* this.#open();
    while (!this.#isDone()) {
      if (signal?.aborted) {
        yield* this.#stop(signal.reason);
        return null;
      }
      const alarm = yield* this.#stepAndLook();
      if (alarm !== null && (yield* this.#rollBack(alarm)) === 'to the start') return { step: this.#step, progress: this.#progress };
    }
    yield* this.#finish();
    return null;
  }

  #goOnFrom(step: number, progress: Progress): void {
    this.#step = step;
    this.#progress = progress;
    this.#startedAt = performance.now() - progress.seconds * 1000;
  }

  async *#open(): AsyncGenerator<TrainingEvent> {
    const { restored, passedOver } = await restore(this.#run.trainer, this.#config, this.#folder);
    if (restored) {
      const { step } = restored.checkpoint;
      this.#goOnFrom(step, await this.#keeper.goOnFrom(step, restored.progress));
    }
    yield startedEvent(this.#run, this.#config, this.#step, this.#totalSteps);
    const texts = introduction(this.#run, this.#config, this.#plan.totalSteps);
    yield* texts.map((message): LogEvent => ({ type: 'log', step: 0, level: 'info', message }));
    yield* this.#run.warnings.map((message): LogEvent => ({ type: 'log', step: 0, level: 'warn', message }));
    for (const name of passedOver) yield this.#log('warn', `Checkpoint ${name} is damaged and was passed over.`);
    if (restored) {
      const { changes, checkpoint } = restored;
      if (changes.length > 0)
        yield this.#log('warn', `The configuration was changed since step ${this.#step}: ${describeChanges(changes)}.`);
      yield { type: 'checkpoint', step: this.#step, path: checkpoint.path, bytes: checkpoint.bytes, loss: this.#progress.loss };
    } else if (this.#run.data.validation.length > 0) {
      const values = await evaluate(this.#run, this.#config);
      yield { type: 'metrics', step: 0, epoch: 0, tokens: 0, values };
    }
  }

  /** The number of the last step: updates that were taken back are made up for. */
  get #totalSteps(): number {
    return this.#step + this.#plan.totalSteps - this.#progress.updates;
  }

  #isDone(): boolean {
    return this.#progress.updates >= this.#plan.totalSteps || this.#isStoppedEarly();
  }

  #isStoppedEarly(): boolean {
    const { earlyStoppingPatience } = this.#config.run;
    return earlyStoppingPatience > 0 && this.#progress.patience.waited >= earlyStoppingPatience;
  }

  /** One optimizer step, and what is due after it. @returns what is wrong, or null. */
  async *#stepAndLook(): AsyncGenerator<TrainingEvent, string | null> {
    const step = ++this.#step;
    const { guard } = this.#config;
    const { loss, gradientNorm } = yield* this.#takeStep();
    if (!Number.isFinite(loss)) return `The loss is no longer a number at step ${step}.`;
    if (!Number.isFinite(gradientNorm)) return `The gradient is no longer a number at step ${step}.`;
    const verdict = observeLoss(this.#progress.guard, step, loss, guard.enabled ? guard.spikeFactor : 0);
    this.#progress = { ...this.#progress, updates: this.#progress.updates + 1, loss, guard: verdict.state };
    if (verdict.alarm !== null) return verdict.alarm;

    let isBest = false;
    if (this.#isEvaluationDue()) {
      const evaluationLoss = yield* this.#evaluate();
      if (!Number.isFinite(evaluationLoss)) return `The evaluation loss is no longer a number after step ${step}.`;
      isBest = this.#judge(evaluationLoss);
    }
    const { checkpointEvery, keepBest } = this.#config.run;
    if (this.#isDone() || (checkpointEvery > 0 && step % checkpointEvery === 0) || (isBest && keepBest)) {
      // An update that overflows shows in the next loss only, and the last one has none.
      if (!Number.isFinite(globalNorm(this.#run.trainable.map(({ data }) => data))))
        return `The weights are no longer numbers after step ${step}.`;
      yield* this.#checkpoint(isBest);
    }
    return null;
  }

  async *#takeStep(): AsyncGenerator<TrainingEvent, StepResult> {
    const { optimizer, schedule, guard } = this.#config;
    const { method, padTokenId, data, trainer } = this.#run;
    const step = this.#step;
    const { updates } = this.#progress;
    const { microBatches: rows, warnings } = await this.#plan.at(step);
    for (const message of warnings) yield this.#log('warn', message);
    const microBatches = rows.map((microBatch) => collate(microBatch, data.packed, method, padTokenId));
    const planned = learningRateAt(updates + 1, this.#plan.totalSteps, optimizer.learningRate, schedule);
    const learningRate = planned * guard.rateFactor ** this.#progress.guard.rollbacks;
    const begun = performance.now();
    const result = await trainer.step(microBatches, learningRate, updates + 1);
    const stepSeconds = (performance.now() - begun) / 1000;
    this.#progress = { ...this.#progress, tokens: this.#progress.tokens + result.tokens };
    const deviceMemory = this.#deviceMemory.read();
    const values = {
      loss: result.loss,
      learningRate,
      gradientNorm: result.gradientNorm,
      tokensPerSecond: result.tokens / stepSeconds,
      targetTokensPerSecond: result.targets / stepSeconds,
      stepSeconds,
      residentMemory: process.memoryUsage.rss(),
      ...(deviceMemory !== undefined && { deviceMemory }),
      processRank: 0,
      ...result.metrics,
    };
    yield { type: 'metrics', step, epoch: this.#plan.epochAt(step), tokens: this.#progress.tokens, values };
    return result;
  }

  #isEvaluationDue(): boolean {
    const { evaluateEvery, evaluateEveryEpochs } = this.#config.run;
    if (this.#run.data.validation.length === 0) return false;
    const isDueByStep = evaluateEvery > 0 && this.#step % evaluateEvery === 0;
    return this.#isDone() || isDueByStep || endsEpochs(evaluateEveryEpochs, this.#step, (step) => this.#plan.epochAt(step));
  }

  /** @returns the evaluation loss. */
  async *#evaluate(): AsyncGenerator<TrainingEvent, number> {
    const measured = await evaluate(this.#run, this.#config);
    const step = this.#step;
    yield { type: 'metrics', step, epoch: this.#plan.epochAt(step), tokens: this.#progress.tokens, values: measured };
    const { evaluationLoss = NaN } = measured;
    yield this.#log('info', `Evaluation loss ${evaluationLoss.toFixed(4)} after step ${step}.`);
    return evaluationLoss;
  }

  /** Notes an evaluation. @returns whether it is the best so far. */
  #judge(loss: number): boolean {
    const { best, patience } = this.#progress;
    const isBest = best === null || loss < best.loss;
    this.#progress = {
      ...this.#progress,
      best: isBest ? { step: this.#step, loss } : best,
      patience: evaluated(patience, loss, this.#config.run.earlyStoppingMinDelta),
    };
    return isBest;
  }

  /** @param isBest measured on other rows as better than all before: these weights are good. */
  async *#checkpoint(isBest = false): AsyncGenerator<TrainingEvent> {
    const before = this.#withTime();
    const guard = isBest ? confirm(before.guard, this.#step) : addCandidate(before.guard, this.#step);
    const { event, progress } = await this.#keeper.save(this.#step, this.#run.trainer.state(), { ...before, guard });
    this.#progress = progress ?? before;
    yield event;
  }

  #withTime(): Progress {
    return { ...this.#progress, seconds: (performance.now() - this.#startedAt) / 1000 };
  }

  /**
   * Goes back to the weights of the last good checkpoint and on from there, at a lower rate. The data goes on where it is: a batch
   * that broke the weights once may do so again.
   * @throws EngineError `DIVERGED` when that has been done too often.
   */
  async *#rollBack(alarm: string): AsyncGenerator<TrainingEvent, 'to the start' | 'to a checkpoint'> {
    const { guard, optimizer } = this.#config;
    const rollbacks = this.#progress.guard.rollbacks + 1;
    if (!guard.enabled || rollbacks > guard.maxRollbacks) {
      const tried = guard.enabled && rollbacks > 1 ? ` Going back ${rollbacks - 1} times to a lower learning rate did not help.` : '';
      const advice = `Start again with a lower learning rate (now ${optimizer.learningRate}) or a longer warm-up, and look for odd rows in the dataset.`;
      throw new EngineError('DIVERGED', `${alarm}${tried} ${advice}`);
    }
    const { good } = this.#progress.guard;
    const { restored } = good > 0 ? await restore(this.#run.trainer, this.#config, this.#folder, good) : { restored: null };
    const toStep = restored?.checkpoint.step ?? 0;
    const { tokens, seconds } = this.#withTime();
    const from = restored?.progress ?? freshProgress;
    const went = { ...from, tokens, seconds, guard: { ...from.guard, rollbacks, good: toStep, candidates: [] } };
    this.#progress = await this.#keeper.goOnFrom(toStep, went);
    const rateFactor = guard.rateFactor ** rollbacks;
    yield { type: 'rollback', step: this.#step, toStep, rateFactor, totalSteps: this.#totalSteps, reason: alarm };
    const where = restored ? `the weights of step ${toStep}` : 'the weights of the start';
    yield this.#log(
      'warn',
      `${alarm} Training went back to ${where} and goes on with step ${this.#step + 1}, at ${rateFactor} of the planned learning rate.`,
    );
    return restored ? 'to a checkpoint' : 'to the start';
  }

  /** Leaves a checkpoint behind; a cancelled run also keeps what it has learned so far. */
  async *#stop(reason: unknown): AsyncGenerator<TrainingEvent> {
    if (!this.#keeper.isSaved(this.#step)) yield* this.#checkpoint();
    if (reason === 'suspend') return;
    if (reason === 'pause') {
      yield { type: 'paused', step: this.#step };
      return;
    }
    if (this.#step > 0) yield* this.#saveArtifact();
    yield { type: 'cancelled', step: this.#step };
  }

  async *#finish(): AsyncGenerator<TrainingEvent> {
    const { best, patience, updates } = this.#progress;
    if (updates < this.#plan.totalSteps && best) {
      const lowest = `It was lowest after step ${best.step}, ${best.loss.toFixed(4)}.`;
      yield this.#log('info', `Stopped early: the evaluation loss did not fall in ${patience.waited} evaluations. ${lowest}`);
    }
    yield* this.#saveArtifact();
    yield { type: 'completed', step: this.#step, seconds: this.#withTime().seconds };
  }

  #saveArtifact(): AsyncGenerator<TrainingEvent> {
    return saveLearned(this.#run, this.#config, this.#folder, { step: this.#step, best: this.#progress.best });
  }

  #log(level: LogEvent['level'], message: string): LogEvent {
    return { type: 'log', step: this.#step, level, message };
  }
}
