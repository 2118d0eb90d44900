// One side of `npm run bench:engine`: the training steps with our engine. The last line of the output is JSON (see side.ts).
import fs from 'node:fs';
import { createRequire } from 'node:module';
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
const result: SideResult = { losses: [], gradientNorms: [], seconds: [], peakMemory: 0, versions: { node: process.versions.node } };
for (const batch of batches) {
  const started = performance.now();
  const { loss, gradientNorm } = await trainer.step(batch);
  result.seconds.push((performance.now() - started) / 1000);
  result.losses.push(loss);
  result.gradientNorms.push(gradientNorm);
}
await trainer.close();
// Kilobytes, whatever the system.
result.peakMemory = process.resourceUsage().maxRSS * 1024;
const require = createRequire(new URL('../../engine/index.ts', import.meta.url));
result.versions.onnxruntime = z.object({ version: z.string() }).parse(require('onnxruntime-node/package.json')).version;
console.log(JSON.stringify(result));
