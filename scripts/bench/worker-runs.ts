import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  createRunFolder,
  type JournalLine,
  nodeArguments,
  parseJournalLine,
  parseTrainingConfig,
  runFolderAt,
  type TrainingConfigInput,
  workerProgram,
} from '@anneal/engine';

/** How often a journal is looked at. Milliseconds. */
const interval = 3;

/** Gives a folder that is gone afterwards. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-bench-'));
  try {
    return await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the folder of a run. */
export function prepareRun(folder: string, config: TrainingConfigInput): void {
  createRunFolder(folder, parseTrainingConfig(config));
}

/** Starts a worker on a run, as the studio does. */
export const startWorker = (folder: string): ChildProcess =>
  spawn(process.execPath, [...nodeArguments, workerProgram, folder], { stdio: ['ignore', 'ignore', 'inherit'] });

export async function exitOf(worker: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  return worker.exitCode ?? worker.signalCode;
}

/** What was told of a run, whole lines only. */
export function readJournal(folder: string): JournalLine[] {
  const file = runFolderAt(folder).journal;
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => parseJournalLine(line) ?? []);
}

/** Waits for a line of the journal; null when the worker ends without it. */
export async function waitForLine(folder: string, worker: ChildProcess, isIt: (line: JournalLine) => boolean): Promise<JournalLine | null> {
  for (;;) {
    const hasEnded = worker.exitCode !== null || worker.signalCode !== null;
    const found = readJournal(folder).find(isIt);
    if (found || hasEnded) return found ?? null;
    await pause(interval);
  }
}

/** Runs a worker to its end. @throws Error when the run fails */
export async function finishRun(folder: string): Promise<JournalLine[]> {
  const code = await exitOf(startWorker(folder));
  const lines = readJournal(folder);
  const failed = lines.find((line) => line.type === 'failed');
  if (failed) throw new Error(`The run failed: ${failed.message}`);
  if (code !== 0) throw new Error(`The worker ended with ${code}.`);
  return lines;
}
