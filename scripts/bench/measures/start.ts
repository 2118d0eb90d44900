import path from 'node:path';
import { quickstartConfig } from '@anneal/engine';
import type { Part } from '../context.ts';
import { measured, type MeasureSpec } from '../measure.ts';
import { median } from '../statistics.ts';
import { exitOf, inTemporaryFolder, prepareRun, startWorker, waitForLine } from '../worker-runs.ts';

const spec: MeasureSpec = { measure: 'first step of the quickstart after the start of its worker', unit: 's', bar: { below: 3 } };

/** From the start of the worker's process to the line of step 1 in its journal: loading, compiling and the first evaluation included. */
export const start: Part = {
  name: 'start',
  specs: [spec],
  async measure({ options, say }) {
    say('Starting the quickstart…');
    const seconds = await inTemporaryFolder(async (home) => {
      const starts: number[] = [];
      for (let round = 1; round <= options.rounds; round++) starts.push(await secondsToFirstStep(path.join(home, String(round))));
      return starts;
    });
    return [measured(spec, median(seconds), { details: { rounds: seconds } })];
  },
};

async function secondsToFirstStep(folder: string): Promise<number> {
  prepareRun(folder, quickstartConfig);
  const begun = Date.now();
  const worker = startWorker(folder);
  const line = await waitForLine(folder, worker, ({ type, step }) => type === 'failed' || (type === 'metrics' && step === 1));
  worker.kill('SIGKILL');
  await exitOf(worker);
  if (line?.type !== 'metrics') throw new Error(line?.type === 'failed' ? line.message : 'the worker ended before its first step');
  return (line.time - begun) / 1000;
}
