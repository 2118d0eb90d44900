import fs from 'node:fs';
import readline from 'node:readline';
import { parseTrainingConfig, type TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { unwritable } from '../training/unwritable.ts';
import { withdrawPause } from '../worker/control.ts';
import { type JournalEvent, parseJournalLine } from '../worker/journal-format.ts';
import { inspectWorker } from '../worker/liveness.ts';
import { createRunFolder, readFileIfThere, runFolderAt } from '../worker/run-folder.ts';

export interface RunRequest {
  folder: string;
  /** Null: the one that the run began with. */
  config: TrainingConfig | null;
  /** Whether a run that is in the folder goes on. */
  resume: boolean;
}

/**
 * Makes a run folder ready for work: a new one, one whose run never began, or with `resume` one whose run goes on, with the
 * configuration as it is now.
 * @returns whether there is anything left to do
 * @throws EngineError RUN_FOLDER_BUSY, RUN_FOLDER_UNUSABLE
 */
export async function openRun({ folder, config, resume }: RunRequest): Promise<'complete' | 'ready'> {
  const { state, pid } = inspectWorker(folder);
  if (state === 'running' || state === 'stalled')
    throw new EngineError('RUN_FOLDER_BUSY', `The run folder ${folder} is in use by process ${pid}. Wait until it ends, or stop it.`);
  const { hasBegun, step, last } = await readRun(folder);
  if (!hasBegun) begin(folder, config);
  else if (!resume || last === 'cancelled') throw unusable(`${folder} holds a run already, ${standing(last, step)}.`);
  else if (last === 'completed') return 'complete';
  else goOn(folder, config);
  return 'ready';
}

interface FoundRun {
  /** Whether there are steps or checkpoints; what failed before is as good as nothing. */
  hasBegun: boolean;
  step: number;
  last: JournalEvent['type'] | null;
}

async function readRun(folder: string): Promise<FoundRun> {
  const found: FoundRun = { hasBegun: false, step: 0, last: null };
  const { journal } = runFolderAt(folder);
  if (!fs.existsSync(journal)) return found;
  for await (const text of readline.createInterface({ input: fs.createReadStream(journal), crlfDelay: Infinity })) {
    const line = parseJournalLine(text);
    if (!line) continue;
    found.last = line.type;
    found.step = Math.max(found.step, line.step);
    found.hasBegun ||= line.type === 'checkpoint' || (line.type === 'metrics' && line.step > 0);
  }
  return found;
}

/** How far it came, and what to do. */
function standing(last: FoundRun['last'], step: number): string {
  const another = 'name a new folder for another run';
  if (last === 'completed') return `which is complete at step ${step}: ${another}`;
  if (last === 'cancelled') return `which was cancelled at step ${step}: ${another}`;
  return `${last === 'failed' ? 'which failed ' : ''}at step ${step}: go on with it by --resume, or ${another}`;
}

/** @param config null: that of the run which failed in this folder before its first step */
function begin(folder: string, config: TrainingConfig | null): void {
  const { config: file, journal, control } = runFolderAt(folder);
  const found = readFileIfThere(file);
  const known = found === undefined ? null : parseIfConfig(found);
  if (found !== undefined && !known) throw unusable(`${folder} has a config.json of something else. Name a new folder for the run.`);
  const chosen = config ?? known;
  if (!chosen) throw unusable(`There is no run in ${folder} to go on with. Give the configuration of a new one.`);
  writing(folder, () => {
    for (const old of [journal, control, file]) fs.rmSync(old, { force: true });
    createRunFolder(folder, chosen);
  });
}

function goOn(folder: string, config: TrainingConfig | null): void {
  writing(folder, () => {
    withdrawPause(folder);
    if (!config) return;
    fs.rmSync(runFolderAt(folder).config, { force: true });
    createRunFolder(folder, config);
  });
}

function parseIfConfig(text: string): TrainingConfig | null {
  try {
    return parseTrainingConfig(JSON.parse(text));
  } catch {
    return null;
  }
}

function writing(folder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw unwritable('run', folder, error);
  }
}

const unusable = (message: string) => new EngineError('RUN_FOLDER_UNUSABLE', message);
