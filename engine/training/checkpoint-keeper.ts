import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { type CheckpointTensor, pruneCheckpoints, removeCheckpointsAfter, saveCheckpoint } from './checkpoint.ts';
import { neededSteps, withoutMissing } from './divergence-guard.ts';
import type { CheckpointEvent, LogEvent } from './events.ts';
import type { Progress } from './progress.ts';

/** Saves the checkpoints of a run and decides which of them stay. */
export class CheckpointKeeper {
  readonly #folder: string;
  readonly #config: TrainingConfig;
  /** Of the newest checkpoint; 0: there is none. */
  #newest = 0;

  constructor(folder: string, config: TrainingConfig) {
    this.#folder = folder;
    this.#config = config;
  }

  /** Training goes on from this checkpoint; later ones belong to a course that was given up. 0: from the start. */
  async goOnFrom(step: number, progress: Progress): Promise<Progress> {
    await removeCheckpointsAfter(this.#folder, step);
    this.#newest = step;
    return this.#prune(progress);
  }

  isSaved(step: number): boolean {
    return this.#newest === step;
  }

  /**
   * Saves a checkpoint and deletes those that are no longer needed. When it cannot be written and there is an earlier one, it is
   * left out with a warning: the next one may work again.
   * @returns the progress, without candidates of the guard that were deleted
   */
  async save(
    step: number,
    tensors: readonly CheckpointTensor[],
    progress: Progress,
  ): Promise<{ event: CheckpointEvent | LogEvent; progress: Progress | null }> {
    try {
      const content = { step, tensors, progress: { ...progress, configuration: this.#config } };
      const { path, bytes } = await saveCheckpoint(this.#folder, content);
      this.#newest = step;
      return { event: { type: 'checkpoint', step, path, bytes, loss: progress.loss }, progress: await this.#prune(progress) };
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'RUN_FOLDER_UNUSABLE') || this.#newest === 0) throw error;
      const message = `${error.message} Training goes on; the checkpoint of step ${this.#newest} is still good.`;
      return { event: { type: 'log', step, level: 'warn', message }, progress: null };
    }
  }

  async #prune(progress: Progress): Promise<Progress> {
    const { run, guard } = this.#config;
    const best = run.keepBest && progress.best ? [progress.best.step] : [];
    const there = await pruneCheckpoints(
      this.#folder,
      run.keepCheckpoints,
      guard.enabled ? [...best, ...neededSteps(progress.guard)] : best,
    );
    return { ...progress, guard: withoutMissing(progress.guard, there) };
  }
}
