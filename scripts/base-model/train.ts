/**
 * Makes the bundled base model: trains the tokenizer on a sample of the synthetic corpus, then a Llama from random
 * weights with this engine, and writes the model folder. About half an hour on two cores; interrupted, it goes on from
 * its last checkpoint.
 *
 *   node --import tsx scripts/base-model/train.ts [--work FOLDER] [--out FOLDER] [--steps N] [--threads N] [--json]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  bundledModelFolder,
  initializeModel,
  latestCheckpoint,
  learningRateAt,
  loadTokenizer,
  pruneCheckpoints,
  saveCheckpoint,
  saveModel,
  trainBpe,
  Trainer,
  writeTokenizer,
} from '@anneal/engine';
import { corpusSample, tokenBatches } from './corpus-tokens.ts';
import { baseModelConfig, recipe } from './shape.ts';

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: path.join(os.tmpdir(), 'anneal-base-model') },
    out: { type: 'string', default: bundledModelFolder },
    steps: { type: 'string', default: String(recipe.steps) },
    threads: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const steps = Number(options.steps);

await mkdir(options.work, { recursive: true });
await writeTokenizer(
  options.work,
  trainBpe(corpusSample(recipe.seed, recipe.tokenizerSample), baseModelConfig.vocab_size),
  baseModelConfig.max_position_embeddings,
);
await writeFile(path.join(options.work, 'config.json'), `${JSON.stringify(baseModelConfig, null, 2)}\n`);
const tokenizer = await loadTokenizer(options.work);

const model = await initializeModel(options.work, recipe.seed);
const shapes = model.family.parameters(model.config);
const trainable = [...model.weights].map(([name, data]) => ({ name, shape: shapes.get(name) ?? [data.length], data }));
const trainer = new Trainer({ model, trainable, optimizer: recipe.optimizer, threads: Number(options.threads) });

const { checkpoint } = await latestCheckpoint(options.work);
for (const { name, data } of trainer.state()) data.set(checkpoint?.tensors.get(name)?.data ?? data);
const done = checkpoint?.step ?? 0;

const begun = performance.now();
let step = 0;
let smoothed = 0;
for (const ids of tokenBatches(tokenizer, recipe)) {
  step++;
  if (step > steps) break;
  if (step <= done) continue;
  const microBatch = { batch: recipe.batch, length: recipe.length, ids, labels: ids, tokens: ids.length };
  const rate = learningRateAt(step, steps, recipe.learningRate, { type: 'cosine', warmupSteps: recipe.warmupSteps });
  const { loss, gradientNorm } = await trainer.step([microBatch], rate, step);
  smoothed = smoothed === 0 ? loss : 0.95 * smoothed + 0.05 * loss;
  const seconds = (performance.now() - begun) / 1000;
  if (options.json) console.log(JSON.stringify({ step, loss, gradientNorm, seconds }));
  else if (step % 20 === 0) {
    const perStep = seconds / (step - done);
    console.log(
      `step ${step}/${steps}  loss ${smoothed.toFixed(4)}  ${Math.round(ids.length / perStep)} tokens/s  ${Math.round((perStep * (steps - step)) / 60)} min left`,
    );
  }
  if (step % recipe.checkpointEvery === 0 || step === steps) {
    await saveCheckpoint(options.work, { step, tensors: trainer.state(), progress: {} });
    await pruneCheckpoints(options.work, 1);
  }
}
await saveModel(options.out, model, 'BF16', options.work);
console.log(`The model is in ${options.out}.`);
