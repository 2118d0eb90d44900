import type { TrainingConfig } from '../config.ts';
import { withEventFile } from '../tensorboard/with-event-file.ts';
import { occasionally } from '../data/report.ts';
import type { LogEvent, TrainingEvent } from './events.ts';
import { pinData } from './pinned-data.ts';
import { Announcements } from './announcements.ts';
import { endFromCheckpoint } from './end-from-checkpoint.ts';
import { type PreparedRun, prepareRun } from './prepare.ts';
import { type Lost, Training } from './training.ts';

export interface TrainOptions {
  /** The run folder: checkpoints and artifacts are kept here, and a run goes on from its newest whole checkpoint. */
  folder: string;
  /**
   * Aborted with the reason `cancel` the run ends after its step; with `pause` it saves a checkpoint and says so; with `suspend`
   * it saves one silently. After the latter two it can go on later. Where it is `cancel` from the beginning, what the newest checkpoint
   * has learned is saved, and the dataset is not looked at.
   */
  signal?: AbortSignal;
}

/**
 * Trains a model, from the start or from the newest checkpoint in the run folder, and tells everything that happens.
 * After a crash the steps since the checkpoint are computed again, with the very same losses.
 * @throws EngineError when model, data or configuration are not usable, the folder cannot be written, or the loss diverges.
 */
export async function* train(config: TrainingConfig, options: TrainOptions): AsyncGenerator<TrainingEvent> {
  const events = attempt(config, options);
  yield* config.run.tensorBoard ? withEventFile(options.folder, events) : events;
}

async function* attempt(config: TrainingConfig, { folder, signal }: TrainOptions): AsyncGenerator<TrainingEvent> {
  if (signal?.aborted && signal.reason === 'cancel') {
    yield* endFromCheckpoint(config, folder);
    return;
  }
  // When it diverges before there is a good checkpoint it begins again, with model and data as they were at first.
  let lost: Lost | null = null;
  do {
    const run = yield* preparation(config, folder);
    try {
      lost = yield* new Training(run, config, folder).events(lost, signal);
    } finally {
      await run.data.close();
      await run.trainer.release();
    }
  } while (lost);
}

/** Sets a run up, and tells how far that is where it takes long. */
async function* preparation(config: TrainingConfig, folder: string): AsyncGenerator<LogEvent, PreparedRun> {
  const announcements = new Announcements();
  const preparing = pinData(config, folder)
    .then((pinned) => prepareRun(pinned, folder, occasionally(announcements.tell)))
    .finally(announcements.end);
  // Whatever goes wrong is met where it is awaited.
  preparing.catch(() => undefined);
  for await (const message of announcements.all()) yield { type: 'log', step: 0, level: 'info', message };
  return preparing;
}
