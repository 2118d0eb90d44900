import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
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
  workerProgram,
} from '@anneal/engine';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const kills = 20;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-resume-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const start = (folder: string): ChildProcess =>
  spawn(process.execPath, [...nodeArguments, workerProgram, folder], { stdio: ['ignore', 'ignore', 'inherit'] });

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}

function journal(folder: string): JournalLine[] {
  const file = runFolderAt(folder).journal;
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const parsed = parseJournalLine(line);
      if (!parsed) throw new Error(`not a journal line: ${line}`);
      return parsed;
    });
}

/** Everything that is told of steps, without what differs from one time to the next. */
const told = (lines: readonly JournalLine[]) =>
  lines
    .filter(({ type }) => type === 'metrics' || type === 'checkpoint' || type === 'log' || type === 'artifact' || type === 'completed')
    .map(({ seq: _seq, time: _time, ...event }) => {
      // The size depends on how many digits the training time has.
      if (event.type === 'checkpoint') return { ...event, bytes: 0 };
      if (event.type === 'completed') return { ...event, seconds: 0 };
      if (event.type !== 'metrics') return event;
      const { loss, learningRate, gradientNorm, evaluationLoss } = event.values;
      return { ...event, keys: Object.keys(event.values).sort(), values: { loss, learningRate, gradientNorm, evaluationLoss } };
    });

it(`killed at ${kills} random steps, a run ends with exactly what the run tells that was never killed`, async () => {
  const tiny = tinyConfig(await writeTinyModel(home), 80);
  // The learning rate rises until the guard goes back, so that there is everything to be remembered: moments in bytes, the place
  // in schedule and data, the best weights, the patience, the guard.
  const config = parseTrainingConfig({
    ...tiny,
    method: { trainable: 'full' },
    optimizer: { learningRate: 1, maxGradientNorm: 0, states: 'int8' },
    schedule: { ...tiny.schedule, gradientAccumulation: 2, warmupSteps: 20 },
    run: { ...tiny.run, earlyStoppingPatience: 50 },
    guard: { rateFactor: 0.01, spikeFactor: 1.2 },
  });
  const [whole, folder] = [path.join(home, 'whole'), path.join(home, 'killed')];
  createRunFolder(whole, config);
  expect(await exitOf(start(whole))).toBe(0);
  const undisturbed = told(journal(whole));
  const rollback = journal(whole).find(({ type }) => type === 'rollback');
  expect(rollback).toBeDefined();
  expect(undisturbed.at(-1)).toMatchObject({ type: 'completed' });

  const last = undisturbed.at(-1)?.step ?? 0;
  const steps = [...new Set(Array.from({ length: 5 * kills }, () => 1 + Math.floor(Math.random() * (last - 8))))].slice(0, kills);
  createRunFolder(folder, config);
  for (const step of steps.sort((a, b) => a - b)) {
    const child = start(folder);
    while (!journal(folder).some((line) => line.step >= step) && child.exitCode === null) await pause(2);
    child.kill('SIGKILL');
    expect(await exitOf(child), `killed at step ${step} of ${steps.join(', ')}`).toBe('SIGKILL');
  }
  expect(await exitOf(start(folder))).toBe(0);
  expect(told(journal(folder)), `killed at ${steps.join(', ')}`).toEqual(undisturbed);
  expect(journal(folder).map(({ seq }) => seq)).toEqual(journal(folder).map((_, index) => index + 1));
});
