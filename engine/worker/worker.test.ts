import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeArguments } from '../compiled/node-arguments.ts';
import { parseTrainingConfig, type TrainingConfigInput } from '../config.ts';
import { type Script, scriptedWorkerProgram, writeScript } from '../testing/index.ts';
import { readRequest, requestCancel, requestPause, withdrawPause } from './control.ts';
import { heartbeatAge } from './heartbeat.ts';
import { type JournalLine, parseJournalLine } from './journal-format.ts';
import { inspectWorker } from './liveness.ts';
import { createRunFolder, runFolderAt } from './run-folder.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-worker-'))));
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  fs.rmSync(folder, { recursive: true });
});

function start(program = scriptedWorkerProgram): ChildProcess {
  const log = fs.openSync(runFolderAt(folder).log, 'a');
  const child = spawn(process.execPath, [...nodeArguments, program, folder], { stdio: ['ignore', log, log] });
  fs.closeSync(log);
  children.push(child);
  return child;
}

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}

const run = (program?: string) => exitOf(start(program));

function prepare(script: Script, config: TrainingConfigInput = {}, at = folder): void {
  createRunFolder(
    at,
    parseTrainingConfig({ ...config, schedule: { maxSteps: 40, ...config.schedule }, run: { checkpointEvery: 5, ...config.run } }),
  );
  writeScript(at, script);
}

const journal = (at = folder): JournalLine[] => {
  const file = runFolderAt(at).journal;
  if (!fs.existsSync(file)) return [];
  const texts = fs.readFileSync(file, 'utf8').split('\n');
  return texts.slice(0, -1).map((text) => {
    const line = parseJournalLine(text);
    if (!line) throw new Error(`not a journal line: ${text}`);
    return line;
  });
};
const log = () => fs.readFileSync(runFolderAt(folder).log, 'utf8');

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(10);
}

/** Everything that is told of steps, without what differs from one time to the next. */
const told = (lines: readonly JournalLine[]) =>
  lines
    .filter(({ type }) => type === 'metrics' || type === 'checkpoint' || type === 'log' || type === 'artifact')
    .map(({ seq: _seq, time: _time, ...event }) => {
      // The size depends on how many digits the training time has.
      if (event.type === 'checkpoint') return { ...event, bytes: 0 };
      if (event.type !== 'metrics') return event;
      const { loss, learningRate, gradientNorm, evaluationLoss } = event.values;
      return { ...event, keys: Object.keys(event.values).sort(), values: { loss, learningRate, gradientNorm, evaluationLoss } };
    });

describe('a worker', () => {
  it('writes a line for each event, numbered without holes, and ends with 0', async () => {
    prepare({});
    expect(await run()).toBe(0);
    const lines = journal();
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    expect(lines[0]).toMatchObject({ type: 'started', step: 0, totalSteps: 40 });
    expect(lines.at(-1)).toMatchObject({ type: 'completed', step: 40 });
    expect(inspectWorker(folder).state).toBe('gone');
  });

  it('does nothing in a run that has ended', async () => {
    prepare({}, { schedule: { maxSteps: 2 } });
    await run();
    const before = fs.readFileSync(runFolderAt(folder).journal);
    expect(await run()).toBe(0);
    expect(fs.readFileSync(runFolderAt(folder).journal)).toEqual(before);
  });

  it('lets no second one into its folder, and gives signs of life while a step blocks it', async () => {
    prepare({ blockMilliseconds: 1500 });
    const first = start();
    await until(() => journal().some(({ step }) => step > 0));
    expect(inspectWorker(folder).state).toBe('running');
    expect(await run()).toBe(1);
    expect(log()).toContain(`in use by process ${first.pid}`);
    expect(heartbeatAge(runFolderAt(folder).heartbeat)).toBeLessThan(1400);
    expect(journal().some(({ type }) => type === 'failed')).toBe(false);
  });

  it('ends between two steps when it is asked to', async () => {
    prepare({ stepMilliseconds: 10 }, { schedule: { maxSteps: 100_000 } });
    const child = start();
    await until(() => journal().some(({ step }) => step === 3));
    requestCancel(folder);
    expect(await exitOf(child)).toBe(0);
    const lines = journal();
    expect(lines.at(-1)).toMatchObject({ type: 'cancelled' });
    const checkpoints = lines.filter(({ type }) => type === 'checkpoint').map(({ step }) => step);
    expect(checkpoints.at(-1)).toBe(lines.at(-1)?.step);
    expect(checkpoints).toEqual([...new Set(checkpoints)]);
  });

  it('pauses between two steps, says so, and goes on when it is started again', async () => {
    prepare({ at: 9, happens: 'hold' }, { schedule: { maxSteps: 60 }, run: { checkpointEvery: 0 } });
    const child = start();
    await until(() => journal().some(({ step }) => step === 8));
    requestPause(folder);
    expect(await exitOf(child)).toBe(0);
    const [checkpoint, paused] = journal().slice(-2);
    expect(checkpoint).toMatchObject({ type: 'checkpoint', step: paused?.step });
    expect(paused).toMatchObject({ type: 'paused' });
    // Started again while it is still to pause, it does not train.
    expect(await run()).toBe(0);
    expect(
      journal()
        .filter(({ type }) => type === 'paused')
        .map(({ step }) => step),
    ).toEqual([paused?.step, paused?.step]);
    withdrawPause(folder);
    expect(await run()).toBe(0);
    const lines = journal();
    expect(lines.at(-1)).toMatchObject({ type: 'completed', step: 60 });
    expect(lines.filter((line) => line.type === 'metrics' && 'loss' in line.values).map(({ step }) => step)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  });

  it('is cancelled rather than paused when both are wanted', () => {
    requestCancel(folder);
    requestPause(folder);
    expect(readRequest(folder)).toBe('cancel');
    withdrawPause(folder);
    expect(readRequest(folder)).toBe('cancel');
  });

  it('leaves a checkpoint and no final event when the system ends it, and goes on later', async () => {
    prepare({ stepMilliseconds: 10 }, { schedule: { maxSteps: 60 }, run: { checkpointEvery: 0 } });
    const child = start();
    await until(() => journal().some(({ step }) => step === 8));
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
    const last = journal().at(-1);
    expect(last).toMatchObject({ type: 'checkpoint' });
    expect(await run()).toBe(0);
    const lines = journal();
    expect(lines.filter(({ type }) => type === 'started').map(({ step }) => step)).toEqual([0, last?.step]);
    expect(lines.filter((line) => line.type === 'metrics' && 'loss' in line.values).map(({ step }) => step)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  });

  it('tells what a person can mend, with its issues', async () => {
    prepare({ at: 3, happens: 'advice' });
    expect(await run()).toBe(1);
    expect(journal().at(-1)).toMatchObject({
      type: 'failed',
      step: 2,
      code: 'DATASET_INVALID',
      issues: [{ path: 'rows.3.output', message: 'is missing' }],
    });
  });

  it('keeps the stack of an unexpected error to its log', async () => {
    prepare({ at: 3, happens: 'bug' });
    expect(await run()).toBe(1);
    expect(journal().at(-1)).toMatchObject({ type: 'failed', code: 'INTERNAL' });
    expect(JSON.stringify(journal())).not.toContain('secret');
    expect(log()).toContain('TypeError: secret is not a function');
  });

  it('names the fields of a configuration that is not valid', async () => {
    prepare({});
    fs.writeFileSync(runFolderAt(folder).config, '{"optimizer":{"learningRate":7}}');
    expect(await run()).toBe(1);
    expect(journal()).toMatchObject([{ type: 'failed', code: 'CONFIG_INVALID', issues: [{ path: 'optimizer.learningRate' }] }]);
  });

  it('tells every step once, however often it is killed', async () => {
    const whole = path.join(folder, 'whole');
    prepare({}, {}, whole);
    await exitOf(spawn(process.execPath, [...nodeArguments, scriptedWorkerProgram, whole], { stdio: 'ignore' }));
    prepare({ stepMilliseconds: 5 });
    for (const step of [3, 4, 13, 22, 31]) {
      const child = start();
      await until(() => journal().some((line) => line.step >= step));
      child.kill('SIGKILL');
      await exitOf(child);
    }
    expect(await run()).toBe(0);
    expect(told(journal())).toEqual(told(journal(whole)));
    expect(journal().map(({ seq }) => seq)).toEqual(journal().map((_, index) => index + 1));
  });

  it('warns once when a step that is computed again comes out otherwise', async () => {
    // Slow enough to be killed well before the checkpoint of step 10.
    prepare({ stepMilliseconds: 60, at: 1, happens: 'drift' });
    const child = start();
    await until(() => journal().some(({ step }) => step === 6));
    child.kill('SIGKILL');
    await exitOf(child);
    expect(await run()).toBe(0);
    const warnings = journal().flatMap((line) => (line.type === 'log' && line.message.startsWith('Going on') ? [line.message] : []));
    expect(warnings).toEqual([expect.stringContaining('Going on from step 5, step 6 was computed again and its loss is')]);
  });
});
