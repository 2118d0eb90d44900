import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import type { TrainingEvent } from '../training/events.ts';
import { runAsProcess } from '../worker/run-as-process.ts';
import { readRequest } from '../worker/control.ts';
import { readScript, type Script } from './script.ts';

/** Behaves as `train` does, with losses that are a function of step and seed. */
async function* follow(config: TrainingConfig, { folder, signal }: { folder: string; signal: AbortSignal }): AsyncGenerator<TrainingEvent> {
  const script = readScript(folder);
  const totalSteps = config.schedule.maxSteps;
  const checkpoints = path.join(folder, 'checkpoints');
  fs.mkdirSync(checkpoints, { recursive: true });
  const resumed = Math.max(0, ...fs.readdirSync(checkpoints).map((name) => Number(/^step-(\d+)$/.exec(name)?.[1] ?? 0)));
  const lossOf = (step: number) =>
    4 / (1 + step / 10) +
    Math.sin(step * 12.9898 + config.run.seed) / 10 +
    (resumed > 0 && script.happens === 'drift' && step >= (script.at ?? 0) ? 0.5 : 0);
  const save = (step: number): TrainingEvent => {
    const name = `step-${String(step).padStart(8, '0')}`;
    fs.mkdirSync(path.join(checkpoints, name), { recursive: true });
    return checkpointEvent(step, name);
  };
  const checkpointEvent = (step: number, name: string): TrainingEvent => ({
    type: 'checkpoint',
    step,
    path: `checkpoints/${name}`,
    bytes: 100,
    loss: lossOf(step),
  });

  yield {
    type: 'started',
    step: resumed,
    totalSteps,
    device: 'cpu',
    threads: 1,
    parameters: 1000,
    trainableParameters: 10,
    trainExamples: 50,
    validationExamples: 5,
  };
  yield { type: 'log', step: 0, level: 'warn', message: '2 rows were cut.' };
  if (resumed > 0) yield checkpointEvent(resumed, `step-${String(resumed).padStart(8, '0')}`);
  else yield { type: 'metrics', step: 0, epoch: 0, tokens: 0, values: { evaluationLoss: lossOf(0), perplexity: Math.exp(lossOf(0)) } };
  for (let step = resumed + 1; step <= totalSteps; step++) {
    if (signal.aborted) {
      if (step > 1) yield save(step - 1);
      if (signal.reason === 'pause') yield { type: 'paused', step: step - 1 };
      if (signal.reason === 'cancel') yield { type: 'cancelled', step: step - 1 };
      return;
    }
    if (step === script.at) happen(script.happens);
    while (step === script.at && script.happens === 'hold' && resumed === 0 && readRequest(folder) === null) await setTimeout(10);
    if (script.stepMilliseconds) await setTimeout(script.stepMilliseconds);
    if (script.blockMilliseconds) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, script.blockMilliseconds);
    const values = {
      loss: lossOf(step),
      learningRate: 1 / step,
      gradientNorm: 1,
      tokensPerSecond: 1000 * Math.random(),
      stepSeconds: Math.random(),
    };
    yield { type: 'metrics', step, epoch: step / 10, tokens: step * 100, values };
    if (step % 10 === 0) yield { type: 'log', step, level: 'info', message: `Ten more steps: ${step}.` };
    if (step === totalSteps || (config.run.checkpointEvery > 0 && step % config.run.checkpointEvery === 0)) yield save(step);
  }
  yield { type: 'artifact', step: totalSteps, kind: 'adapter', path: 'artifacts/adapter', bytes: 10 };
  yield { type: 'completed', step: totalSteps, seconds: 1 };
}

function happen(what: Script['happens']): void {
  if (what === 'advice')
    throw new EngineError('DATASET_INVALID', 'Row 3 has no "output".', { issues: [{ path: 'rows.3.output', message: 'is missing' }] });
  if (what === 'bug') throw new TypeError('secret is not a function');
  if (what === 'crash') process.kill(process.pid, 'SIGKILL');
}

await runAsProcess(follow);
