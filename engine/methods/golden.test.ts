import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AdapterTensor, matrixA } from '../adapters/lora.ts';
import { openAdapter } from '../adapters/open-adapter.ts';
import { parseTrainingConfig } from '../config.ts';
import { goldenFolder, relativeError } from '../golden/cases.ts';
import { loadModel } from '../models/load.ts';
import { Trainer } from '../training/trainer.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { trainingMethod } from './methods.ts';

/** Made by scripts/golden/methods.py: the formulas of the papers, written out in PyTorch. */
const folder = path.join(import.meta.dirname, 'golden');

const sequence = z
  .object({ ids: z.array(z.int()), labels: z.array(z.int()) })
  .transform(({ ids, labels }) => ({ inputIds: Int32Array.from(ids), labels: Int32Array.from(labels) }));
const schema = z.object({
  settings: z.record(z.string(), z.unknown()),
  learningRate: z.number(),
  maxGradientNorm: z.number(),
  losses: z.array(z.number()),
  gradientNorms: z.array(z.number()),
  metrics: z.array(z.record(z.string(), z.number())),
  steps: z.array(z.array(z.array(z.object({ chosen: sequence, rejected: sequence })))),
});

async function setUp(name: string) {
  const golden = schema.parse(JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')));
  const { tensors } = await readSafetensors(path.join(folder, `${name}.safetensors`));
  const model = await loadModel(goldenFolder('gqa-tied'));
  const opened = await openAdapter(path.join(goldenFolder('gqa-tied'), 'adapter'), model);
  const { method: settings } = parseTrainingConfig({ method: golden.settings });
  const method = trainingMethod(settings);
  const head = tensors.get('score.weight');
  const trainable: AdapterTensor[] = [...opened.tensors, ...(head ? [{ name: 'score.weight', ...head }] : [])];
  const adapter = { settings: opened.config, tensors: new Map(trainable.map((tensor) => [tensor.name, tensor.shape])) };
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: golden.maxGradientNorm };
  const trainer = new Trainer({ model, adapter, trainable, method, optimizer, threads: 1 });
  const steps = golden.steps.map((parts) => parts.map((pairs) => method.collate(pairs, 0)));
  return { golden, gradients: tensors, trainable, trainer, steps };
}

const names = readdirSync(folder).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -5)] : []));

describe.each(names)('%s against PyTorch', (name) => {
  it('evaluates to the same loss and metrics', async () => {
    const { golden, trainer, steps } = await setUp(name);
    const values = await trainer.evaluate(steps[0] ?? []);
    for (const [key, expected] of Object.entries({ loss: golden.losses[0] ?? NaN, ...golden.metrics[0] }))
      expect(Math.abs((values[key] ?? NaN) - expected), key).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
    await trainer.release();
  });

  it('gives the gradient of every trained tensor', async () => {
    const { golden, gradients, trainer, trainable, steps } = await setUp(name);
    const result = await trainer.step(steps[0] ?? [], 0, 1);
    expect(Math.abs(result.gradientNorm / (golden.gradientNorms[0] ?? NaN) - 1)).toBeLessThan(1e-5);
    expect(trainer.gradients.size).toBe(trainable.length);
    expect(trainer.gradients.has(matrixA('model.layers.1.mlp.down_proj'))).toBe(true);
    for (const [key, gradient] of trainer.gradients)
      expect(relativeError(gradient, gradients.get(`gradient.${key}`)?.data ?? []), key).toBeLessThan(5e-5);
    await trainer.release();
  });

  it('follows the training step by step', async () => {
    const { golden, trainer, steps } = await setUp(name);
    for (const [index, microBatches] of steps.entries()) {
      const result = await trainer.step(microBatches, golden.learningRate, index + 1);
      const loss = golden.losses[index] ?? NaN;
      expect(Math.abs(result.loss / loss - 1), `loss of step ${index + 1}`).toBeLessThan(2e-5);
      expect(Math.abs(result.gradientNorm / (golden.gradientNorms[index] ?? NaN) - 1), `norm of step ${index + 1}`).toBeLessThan(1e-4);
      for (const [key, expected] of Object.entries(golden.metrics[index] ?? {}))
        expect(Math.abs((result.metrics[key] ?? NaN) - expected), `${key} of step ${index + 1}`).toBeLessThan(
          5e-5 * Math.max(1, Math.abs(expected)),
        );
    }
    await trainer.release();
  });
});
