// One side of `npm run bench:engine`: the training steps with our engine. The last line of the output is JSON (see side.ts).
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { SideResult } from './side.ts';
import { openTrainer } from './trainer.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    adapter: { type: 'string' },
    batches: { type: 'string' },
    threads: { type: 'string' },
    'learning-rate': { type: 'string' },
  },
});
const options = z
  .object({ model: z.string(), adapter: z.string(), batches: z.string(), threads: z.coerce.number(), 'learning-rate': z.coerce.number() })
  .parse(values);
const rows = z.array(z.array(z.int()));
const batches = z
  .array(z.object({ input_ids: rows, labels: rows }))
  .min(1)
  .parse(JSON.parse(fs.readFileSync(options.batches, 'utf8')));

const trainer = await openTrainer({
  model: options.model,
  adapter: options.adapter,
  threads: options.threads,
  learningRate: options['learning-rate'],
});
const result: SideResult = {
  losses: [],
  gradientNorms: [],
  seconds: [],
  peakMemory: 0,
  cpuSeconds: 0,
  versions: { node: process.versions.node },
};
for (const batch of batches) {
  const started = performance.now();
  const { loss, gradientNorm } = await trainer.step(batch);
  result.seconds.push((performance.now() - started) / 1000);
  result.losses.push(loss);
  result.gradientNorms.push(gradientNorm);
}
await trainer.close();
const usage = process.resourceUsage();
// Kilobytes, whatever the system; microseconds.
result.peakMemory = usage.maxRSS * 1024;
result.cpuSeconds = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
const runtime: unknown = JSON.parse(fs.readFileSync(new URL('../../node_modules/onnxruntime-node/package.json', import.meta.url), 'utf8'));
result.versions.onnxruntime = z.object({ version: z.string() }).parse(runtime).version;
console.log(JSON.stringify(result));
