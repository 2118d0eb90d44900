import path from 'node:path';
import type { TrainingEvent } from '../training/events.ts';
import { train } from '../training/train.ts';
import { work } from '../worker/work.ts';
import { describe } from './complain.ts';
import { readConfigFile } from './config-file.ts';
import { inDuration } from './in-words.ts';
import { Interruption } from './interruption.ts';
import { openRun } from './open-run.ts';
import { Progress } from './progress.ts';

/**
 * Trains in a run folder as a worker of the studio does, and shows how it goes.
 * @param configFile null: the configuration that the run began with
 * @returns the exit code
 * @throws EngineError where it cannot begin
 */
export async function runTraining(configFile: string | null, folder: string, resume: boolean): Promise<number> {
  const config = configFile === null ? null : readConfigFile(configFile);
  const progress = new Progress(process.stdout);
  const outcome = await openRun({ folder, config, resume });
  if (outcome === 'complete') {
    progress.say(`The run in ${folder} is complete. What it has learned is in ${path.join(folder, 'artifacts')}.`);
    return 0;
  }
  const interruption = new Interruption();
  const look = (event: TrainingEvent) => {
    progress.tell(event);
    interruption.look();
  };
  const failure = await work(folder, (...call) => shown(train(...call), look), interruption.signal, { retry: resume });
  progress.end();
  if (failure) {
    console.error(describe(failure.message, failure.issues));
    return 1;
  }
  progress.say(ending(progress, folder));
  return progress.hasEnded ? 0 : interruption.exitCode;
}

async function* shown(events: AsyncIterable<TrainingEvent>, look: (event: TrainingEvent) => void): AsyncGenerator<TrainingEvent> {
  for await (const event of events) {
    look(event);
    yield event;
  }
}

function ending({ last, artifact }: Progress, folder: string): string {
  const goOn = `Go on with: npx anneal train --run-dir ${folder} --resume`;
  const result = artifact === null ? '' : ` What it has learned is in ${path.join(folder, artifact)}.`;
  if (last?.type === 'completed') return `Complete after ${last.step} steps in ${inDuration(last.seconds)}.${result}`;
  if (last?.type === 'cancelled') return `Cancelled at step ${last.step}.${result}`;
  return `${last?.type === 'paused' ? 'Paused' : 'Interrupted and saved'} at step ${last?.step ?? 0}. ${goOn}`;
}
