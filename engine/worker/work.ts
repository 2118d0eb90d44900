import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parseTrainingConfig, type TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import type { TrainingEvent } from '../training/events.ts';
import { explainShortage, inGibibytes, memoryAdvice } from '../plan/advice.ts';
import { claim } from './claim.ts';
import { readRequest } from './control.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { FailedEvent } from './journal-format.ts';
import { Journal } from './journal.ts';
import { findMemoryDeath, type MemoryDeath } from './memory-death.ts';
import { Recorder } from './recorder.ts';
import { runFolderAt } from './run-folder.ts';

/** What a worker runs: `train` of the engine. The signal's reason is `cancel`, `pause` or `suspend`. */
export type Train = (config: TrainingConfig, options: { folder: string; signal: AbortSignal }) => AsyncIterable<TrainingEvent>;

/**
 * Works on a run until it ends, is cancelled, paused or suspended, and writes everything that happens into its journal. A run that was
 * left in the middle goes on from its newest checkpoint.
 * @param suspend aborted when the process is asked to leave: the run is saved and can go on later.
 * @param retry whether a run that failed or was cancelled goes on from its newest checkpoint; otherwise a run that has ended stays as it is.
 * @returns why it failed; null when the run is in order: it came to its end, or can go on later.
 * @throws EngineError `RUN_FOLDER_BUSY` when another process works on it; nothing was touched then.
 */
export async function work(folder: string, train: Train, suspend: AbortSignal, { retry = false } = {}): Promise<FailedEvent | null> {
  const paths = runFolderAt(folder);
  claim(paths.worker, ({ pid }) => `The run folder ${folder} is in use by process ${pid}. Wait until it ends, or stop it.`);
  const death = await findMemoryDeath(paths);
  const heartbeat = startHeartbeat(paths.heartbeat, death);
  const journal = Journal.open(paths.journal);
  try {
    if (journal.isEnded && (!retry || journal.isComplete)) return null;
    const recorder = new Recorder(journal, paths.journal);
    try {
      await record(folder, train, suspend, recorder, death);
      return null;
    } catch (error) {
      const failed = failure(error, recorder.step, paths.log);
      journal.append(failed);
      return failed;
    }
  } finally {
    await journal.close();
    await heartbeat.stop();
  }
}

async function record(folder: string, train: Train, suspend: AbortSignal, recorder: Recorder, death: MemoryDeath): Promise<void> {
  const config = parseTrainingConfig(readConfig(runFolderAt(folder).config));
  const controller = new AbortController();
  const lookAround = () => {
    const request = readRequest(folder);
    if (request) controller.abort(request);
    else if (suspend.aborted) controller.abort('suspend');
  };
  lookAround();
  await tellMemoryDeath(death, config, recorder);
  try {
    for await (const event of train(config, { folder, signal: controller.signal })) {
      await recorder.record(event);
      // Lets signals of the system and the journal's flushes through.
      await setImmediate();
      lookAround();
    }
  } catch (error) {
    throw explainShortage(error, config);
  }
  if (!recorder.isEnded && !controller.signal.aborted) throw new Error('train() returned without a final event');
}

/**
 * Once it may have been another process that took the memory, and the run goes on.
 * @throws EngineError `OUT_OF_MEMORY` when it happened again without a new step in between.
 */
async function tellMemoryDeath({ deaths, by, resident, step }: MemoryDeath, config: TrainingConfig, recorder: Recorder): Promise<void> {
  if (by === null) return;
  const happened =
    by === 'Node'
      ? `The training process ended because the memory that Node allows itself (its heap) was full; the process had ${inGibibytes(resident)}.`
      : `The system ended the training process because memory ran out; the process had ${inGibibytes(resident)}.`;
  if (deaths > 1) throw new EngineError('OUT_OF_MEMORY', `${happened} It was the second time in a row. ${memoryAdvice(config)}`);
  await recorder.record({ type: 'log', step, level: 'warn', message: `${happened} It is tried once more. ${memoryAdvice(config)}` });
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
