import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { JournalLine, TrainingConfigInput } from '@anneal/engine';
import type { Part } from '../context.ts';
import { measured, type MeasureSpec } from '../measure.ts';
import { exitOf, finishRun, inTemporaryFolder, prepareRun, readJournal, startWorker, waitForLine } from '../worker-runs.ts';

const spec: MeasureSpec = { measure: 'steps that differ after kill -9', unit: 'steps', bar: { atMost: 0 }, isCorrectness: true };
const steps = 60;
/** A worker is killed somewhere within the step or two that follow. Milliseconds. */
const longestDelay = 200;

/** LoRA on the bundled model, with evaluations and checkpoints in between. */
const config = (threads: number): TrainingConfigInput => ({
  data: { maxLength: 128, validationShare: 0.01 },
  optimizer: { learningRate: 3e-3 },
  schedule: { maxSteps: steps, batchSize: 4, warmupSteps: 10 },
  run: { seed: 7, evaluateEvery: 20, checkpointEvery: 7, threads, device: 'cpu' },
});

/** A run on the bundled model whose worker is killed at random steps, against the same run undisturbed. */
export const resume: Part = {
  name: 'resume',
  specs: [spec],
  async measure({ options, say }) {
    say(`Killing a run ${options.kills} times…`);
    return inTemporaryFolder(async (home) => {
      const [whole, killed] = [path.join(home, 'whole'), path.join(home, 'killed')];
      for (const folder of [whole, killed]) prepareRun(folder, config(options.threads));
      const expected = valuesOf(await finishRun(whole));
      const killedAt: number[] = [];
      for (const step of randomSteps(options.kills)) if (await killAfter(killed, step)) killedAt.push(step);
      const lines = await finishRun(killed);
      const found = valuesOf(lines);
      const differing = [...new Set([...expected.keys(), ...found.keys()])].filter((key) => expected.get(key) !== found.get(key));
      // What was told before a kill is not told again, but the journal warns where it came out otherwise.
      const warnings = lines.flatMap((line) => (line.type === 'log' && line.message.startsWith('Going on from') ? [line.message] : []));
      const differingSteps = new Set(differing.map((key) => key.replace(/ .*/, ''))).size;
      const details = { steps, killedAt, differing, warnings };
      return [measured(spec, differingSteps + warnings.length, { details, holds: killedAt.length > 0 && expected.size >= steps })];
    });
  },
};

/** Whole numbers in rising order, none of them twice. */
function randomSteps(count: number): number[] {
  const all = Array.from({ length: steps - 1 }, (_, index) => ({ step: index + 1, key: Math.random() }));
  const drawn = all.sort((a, b) => a.key - b.key).slice(0, count);
  return drawn.map(({ step }) => step).sort((a, b) => a - b);
}

/** @returns whether the worker was still there to be killed. */
async function killAfter(folder: string, step: number): Promise<boolean> {
  const worker = startWorker(folder);
  await waitForLine(folder, worker, (line) => line.step >= step);
  await pause(Math.random() * longestDelay);
  worker.kill('SIGKILL');
  if ((await exitOf(worker)) === 'SIGKILL') return true;
  const failed = readJournal(folder).find((line) => line.type === 'failed');
  if (failed) throw new Error(`The run failed: ${failed.message}`);
  return false;
}

/** What must not differ, to the bit, by step and name. */
function valuesOf(lines: readonly JournalLine[]): Map<string, number> {
  const reproducible = ['loss', 'gradientNorm', 'learningRate', 'evaluationLoss'];
  return new Map(
    lines.flatMap((line) =>
      line.type === 'metrics'
        ? reproducible.flatMap((name) => (line.values[name] === undefined ? [] : [[`${line.step} ${name}`, line.values[name]] as const]))
        : [],
    ),
  );
}
