import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseTrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import type { TrainingEvent } from '../training/events.ts';
import { parseJournalLine } from './journal-format.ts';
import { createRunFolder, runFolderAt } from './run-folder.ts';
import { type Train, work } from './work.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-work-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const started = (step: number): TrainingEvent => ({
  ...{ type: 'started', step, totalSteps: 4, device: 'cpu', threads: 1 },
  ...{ parameters: 10, trainableParameters: 1, trainExamples: 4, validationExamples: 0 },
});
const metrics = (step: number): TrainingEvent => ({ type: 'metrics', step, epoch: 0, tokens: 0, values: { loss: 1 / step } });
const types = () =>
  fs
    .readFileSync(runFolderAt(folder).journal, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => parseJournalLine(text)?.type);

it('lets a run that failed go on only when it is asked to, and tells each step once', async () => {
  createRunFolder(folder, parseTrainingConfig({}));
  const fails: Train = async function* () {
    yield started(0);
    yield metrics(1);
    yield metrics(2);
    throw new EngineError('RUN_FOLDER_UNUSABLE', 'The disk is full: make room.');
  };
  const goesOn: Train = async function* () {
    yield started(1);
    for (const step of [2, 3, 4]) yield metrics(step);
    yield { type: 'completed', step: 4, seconds: 1 };
  };
  const failure = await claimed(fails);
  expect(failure).toMatchObject({ type: 'failed', step: 2, code: 'RUN_FOLDER_UNUSABLE', message: 'The disk is full: make room.' });
  const failed = types();
  expect(failed).toEqual(['started', 'metrics', 'metrics', 'failed']);

  expect(await claimed(goesOn)).toBeNull();
  expect(types()).toEqual(failed);

  expect(await claimed(goesOn, { retry: true })).toBeNull();
  expect(types()).toEqual([...failed, 'started', 'metrics', 'metrics', 'completed']);

  expect(await claimed(fails, { retry: true })).toBeNull();
  expect(types()).toHaveLength(8);
});

/** The claim of a folder ends with its process, and these attempts are all in this one. */
async function claimed(train: Train, options?: { retry: boolean }) {
  const result = await work(folder, train, new AbortController().signal, options);
  fs.rmSync(runFolderAt(folder).worker);
  return result;
}
