// One side of `npm run bench:engine`: the training steps with our engine. The last line of the output is JSON (see side.ts).
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readBatches } from './batches.ts';
import { countProducts } from './matrix-products.ts';
import { type CompiledStep, observedRuntime } from './observed-runtime.ts';
import { productRate } from './product-rate.ts';
import type { SideResult } from './side.ts';
import { openTrainer } from './trainer.ts';
import { variantSchema } from './variants.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    ...{ model: text, adapter: text, batches: text, threads: text, 'learning-rate': text, packing: text },
    ...{ storage: text, products: text, 'gradient-checkpointing': text },
    'product-rate': { type: 'boolean', default: false },
  },
});
const options = variantSchema
  .extend({
    ...{ model: z.string(), adapter: z.string(), batches: z.string() },
    ...{ threads: z.coerce.number(), 'learning-rate': z.coerce.number(), packing: z.coerce.number().default(0) },
    'product-rate': z.boolean(),
  })
  .parse(values);
const { threads } = options;
const batches = readBatches(options.batches);

const compiled: CompiledStep[] = [];
const trainer = await openTrainer({
  ...options,
  learningRate: options['learning-rate'],
  gradientCheckpointing: options['gradient-checkpointing'],
  runtime: observedRuntime((step) => compiled.push(step)),
});
const result: SideResult = {
  ...{ losses: [], gradientNorms: [], seconds: [], coldSteps: [] },
  ...{ peakMemory: 0, cpuSeconds: 0 },
  versions: { node: process.versions.node },
};
for (const [index, batch] of batches.entries()) {
  const known = compiled.length;
  const started = performance.now();
  const { loss, gradientNorm } = await trainer.step(batch);
  result.seconds.push((performance.now() - started) / 1000);
  result.losses.push(loss);
  result.gradientNorms.push(gradientNorm);
  if (compiled.length > known) result.coldSteps.push(index);
}
await trainer.close();
// Kilobytes, whatever the system. Not that of the products below.
result.peakMemory = process.resourceUsage().maxRSS * 1024;
const [step] = compiled;
if (options['product-rate'] && step) result.products = await productRate(countProducts(step), threads);
const usage = process.resourceUsage();
// Microseconds.
result.cpuSeconds = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
const runtime: unknown = JSON.parse(fs.readFileSync(new URL('../../node_modules/onnxruntime-node/package.json', import.meta.url), 'utf8'));
result.versions.onnxruntime = z.object({ version: z.string() }).parse(runtime).version;
console.log(JSON.stringify(result));
