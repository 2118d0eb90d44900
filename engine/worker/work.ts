import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parseTrainingConfig, type TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import type { TrainingEvent } from '../training/events.ts';
import { claim } from './claim.ts';
import { isCancelRequested } from './control.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { FailedEvent } from './journal-format.ts';
import { Journal } from './journal.ts';
import { Recorder } from './recorder.ts';
import { runFolderAt } from './run-folder.ts';

/** What a worker runs: `train` of the engine. The signal's reason is `cancel` or `suspend`. */
export type Train = (config: TrainingConfig, options: { folder: string; signal: AbortSignal }) => AsyncIterable<TrainingEvent>;

/**
 * Works on a run until it ends, is cancelled or suspended, and writes everything that happens into its journal. A run that was
 * left in the middle goes on from its newest checkpoint.
 * @param suspend aborted when the process is asked to leave: the run is saved and can go on later.
 * @returns whether the run is in order: it came to its end, or can go on later.
 * @throws EngineError `RUN_FOLDER_BUSY` when another process works on it; nothing was touched then.
 */
export async function work(folder: string, train: Train, suspend: AbortSignal): Promise<boolean> {
  const paths = runFolderAt(folder);
  claim(paths.worker, ({ pid }) => `The run folder ${folder} is in use by process ${pid}. Wait until it ends, or stop it.`);
  const heartbeat = startHeartbeat(paths.heartbeat);
  const journal = Journal.open(paths.journal);
  try {
    if (journal.isEnded) return true;
    const recorder = new Recorder(journal, paths.journal);
    try {
      await record(folder, train, suspend, recorder);
      return true;
    } catch (error) {
      journal.append(failure(error, recorder.step, paths.log));
      return false;
    }
  } finally {
    await journal.close();
    await heartbeat.stop();
  }
}

async function record(folder: string, train: Train, suspend: AbortSignal, recorder: Recorder): Promise<void> {
  const config = parseTrainingConfig(readConfig(runFolderAt(folder).config));
  const controller = new AbortController();
  const lookAround = () => {
    if (isCancelRequested(folder)) controller.abort('cancel');
    else if (suspend.aborted) controller.abort('suspend');
  };
  lookAround();
  for await (const event of train(config, { folder, signal: controller.signal })) {
    await recorder.record(event);
    // Lets signals of the system and the journal's flushes through.
    await setImmediate();
    lookAround();
  }
  if (!recorder.isEnded && !controller.signal.aborted) throw new Error('train() returned without a final event');
}

function readConfig(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('RUN_FOLDER_UNUSABLE', `The configuration ${file} cannot be read: ${reason}`, { cause: error });
  }
}

/** What a person is told. The stack of an unexpected error goes into worker.log only. */
function failure(error: unknown, step: number, log: string): FailedEvent {
  if (error instanceof EngineError) return { type: 'failed', step, code: error.code, message: error.message, issues: error.issues };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  fs.appendFileSync(log, `${new Date().toISOString()} ${stack}\n`);
  return {
    type: 'failed',
    step,
    code: 'INTERNAL',
    message: 'Training stopped because of an error inside Anneal. The details are in worker.log in the folder of the run.',
    issues: [],
  };
}
