/**
 * Measures what the model card states: pass@1 on the held-out tasks before and after the quickstart, and how long the
 * quickstart takes on this machine.
 *
 *   node --import tsx scripts/base-model/evaluate.ts [--json] [--show N]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundledModelFolder, heldOutTasks, parseTrainingConfig, passAt1, quickstartConfig, TextModel, train } from '@anneal/engine';

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false }, show: { type: 'string', default: '0' } } });
const say = (text: string) => options.json || console.log(text);

const folder = await mkdtemp(path.join(os.tmpdir(), 'anneal-evaluate-'));
try {
  const begun = performance.now();
  let [steps, loss] = [0, NaN];
  for await (const event of train(parseTrainingConfig(quickstartConfig), { folder })) {
    if (event.type !== 'metrics') continue;
    steps = event.step;
    loss = event.values.evaluationLoss ?? loss;
    if (event.values.evaluationLoss !== undefined) say(`step ${steps}: evaluation loss ${loss.toFixed(4)}`);
  }
  const seconds = (performance.now() - begun) / 1000;
  say(`quickstart: ${steps} steps in ${seconds.toFixed(0)} s`);

  const tasks = heldOutTasks();
  const { base, tuned } = await TextModel.openPair(bundledModelFolder, path.join(folder, 'artifacts', 'adapter'));
  const greedy = { maxTokens: 160, temperature: 0, topK: 0, topP: 1, seed: 0, stop: [] };
  const before = await passAt1(tasks, (requests) => base.writeAll(requests, greedy));
  const after = await passAt1(tasks, (requests) => tuned.writeAll(requests, greedy));
  say(`pass@1 on ${tasks.length} held-out tasks: ${percent(before.share)} before, ${percent(after.share)} after`);
  for (const { id, code } of after.results.filter(({ passed }) => !passed).slice(0, Number(options.show))) say(`\n${id}\n${code}`);
  if (options.json) {
    const machine = { cpu: os.cpus()[0]?.model.trim(), cores: os.availableParallelism(), node: process.version };
    console.log(
      JSON.stringify({ machine, steps, seconds, evaluationLoss: loss, tasks: tasks.length, before: before.share, after: after.share }),
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
