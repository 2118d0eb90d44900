import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { type CheckpointState, latestCheckpoint } from './checkpoint.ts';
import { type Progress, progressSchema } from './progress.ts';
import { type ConfigChange, configChanges, describeChanges } from './same-training.ts';
import type { Trainer } from './trainer.ts';

/** What a checkpoint says beside its tensors. */
interface Saved {
  progress: Progress;
  /** Fields of the configuration that were changed since and steer the training from here on. */
  changes: ConfigChange[];
}

export interface Restored extends Saved {
  checkpoint: CheckpointState;
}

/**
 * Puts the newest whole checkpoint back into the trainer.
 * @param upTo looks at checkpoints up to this step only.
 * @returns null where there is none, and the paths of those that are damaged.
 * @throws EngineError `CHECKPOINT_MISMATCH` when it belongs to another training.
 */
export async function restore(
  trainer: Trainer,
  config: TrainingConfig,
  folder: string,
  upTo?: number,
): Promise<{ restored: Restored | null; passedOver: readonly string[] }> {
  const { checkpoint, passedOver } = await latestCheckpoint(folder, upTo);
  if (!checkpoint) return { restored: null, passedOver };
  const saved = read(checkpoint, config);
  putBack(trainer, checkpoint);
  return { restored: { checkpoint, ...saved }, passedOver };
}

function read({ path, progress }: CheckpointState, config: TrainingConfig): Saved {
  const { configuration, ...rest } = progress;
  const { refused, noted } = configChanges(configuration, config);
  if (refused.length > 0) {
    throw mismatch(
      `Checkpoint ${path} is of another configuration: ${describeChanges(refused)}. Set it back, or start a new run.`,
      refused.map((change) => ({ path: change.path, message: describeChanges([change]) })),
    );
  }
  const parsed = progressSchema.safeParse(rest);
  if (!parsed.success) throw mismatch(`Checkpoint ${path} was written by another version of Anneal. Start a new run.`);
  return { progress: parsed.data, changes: noted };
}

/** @throws EngineError `CHECKPOINT_MISMATCH` when the trainer has other tensors. */
export function putBack(trainer: Trainer, { path, tensors }: CheckpointState): void {
  const state = trainer.state();
  const misfit = state.find(({ name, data }) => {
    const saved = tensors.get(name)?.data;
    return saved?.length !== data.length || saved.constructor !== data.constructor;
  });
  if (misfit)
    throw mismatch(
      `Checkpoint ${path} does not fit the run: ${misfit.name} is missing or of another size. Was the model changed? Start a new run.`,
    );
  for (const { name, data } of state) data.set(tensors.get(name)?.data ?? []);
}

const mismatch = (message: string, issues: EngineError['issues'] = []) => new EngineError('CHECKPOINT_MISMATCH', message, { issues });
