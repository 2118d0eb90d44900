/**
 * A worker that trains nothing but writes a real journal, at the pace of the test: `schedule.maxSteps` steps, with a pause after
 * step `schedule.warmupSteps` until there is a file named `go` in the run folder.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runAsProcess } from '@anneal/engine';

await runAsProcess(async function* (config, { folder, signal }) {
  const { maxSteps: totalSteps, warmupSteps: holdAfter } = config.schedule;
  yield {
    type: 'started',
    step: 0,
    totalSteps,
    device: 'cpu',
    threads: 1,
    parameters: 1000,
    trainableParameters: 10,
    trainExamples: 8,
    validationExamples: 0,
  };
  for (let step = 1; step <= totalSteps; step++) {
    if (signal.aborted) {
      yield { type: signal.reason === 'pause' ? 'paused' : 'cancelled', step: step - 1 };
      return;
    }
    yield { type: 'metrics', step, epoch: step / totalSteps, tokens: step * 100, values: { loss: 1 / step, tokensPerSecond: 100 } };
    if (step % 10 === 0) yield { type: 'log', step, level: 'info', message: `step ${step}` };
    if (step === holdAfter) await released(folder, signal);
  }
  yield { type: 'checkpoint', step: totalSteps, path: `checkpoints/step-${totalSteps}`, bytes: 10, loss: 1 / totalSteps };
  yield { type: 'completed', step: totalSteps, seconds: 1 };
});

async function released(folder: string, signal: AbortSignal): Promise<void> {
  while (!existsSync(path.join(folder, 'go')) && !existsSync(path.join(folder, 'control.json')) && !signal.aborted) await setTimeout(10);
}
