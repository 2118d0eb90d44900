/**
 * A worker that trains nothing but writes a real journal: `schedule.maxSteps` points, evenly, from when there is a file `go` in its run
 * folder, which tells how many a second.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runAsProcess } from '@anneal/engine';
import { paceSchema } from './messages.ts';

await runAsProcess(async function* (config, { folder, signal }) {
  const { maxSteps: totalSteps } = config.schedule;
  const facts = { threads: 1, parameters: 1000, trainableParameters: 10, trainExamples: 8, validationExamples: 0 };
  yield { type: 'started', step: 0, totalSteps, device: 'cpu', ...facts };
  const rate = await released(path.join(folder, 'go'), signal);
  const begun = performance.now();
  for (let step = 1; step <= totalSteps; step++) {
    const early = begun + ((step - 1) * 1000) / rate - performance.now();
    if (early > 0) await setTimeout(early);
    if (signal.aborted) {
      yield { type: 'cancelled', step: step - 1 };
      return;
    }
    yield { type: 'metrics', step, epoch: step / totalSteps, tokens: step * 100, values: { loss: 1 / step } };
  }
  yield { type: 'completed', step: totalSteps, seconds: (performance.now() - begun) / 1000 };
});

async function released(file: string, signal: AbortSignal): Promise<number> {
  while (!fs.existsSync(file) && !signal.aborted) await setTimeout(20);
  return signal.aborted ? 1 : paceSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8'))).rate;
}
