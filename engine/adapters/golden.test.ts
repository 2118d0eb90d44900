import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseTrainingConfig } from '../config.ts';
import { goldenFolder, relativeError, toMicroBatch } from '../golden/cases.ts';
import { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { forwardContext } from '../models/context.ts';
import { lastTokenValues } from '../methods/reward.ts';
import { loadModel, type LoadedModel } from '../models/load.ts';
import { GraphSession } from '../onnx/session.ts';
import { tokenPlaces } from '../training/token-places.ts';
import { Trainer } from '../training/trainer.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import type { GraphAdapter } from './lora.ts';
import { mergeInto } from './merge.ts';
import { fixedAdapter, fixedValuingAdapter, openAdapter } from './open-adapter.ts';
import { startAdapter } from './start-adapter.ts';

/** Made by scripts/golden/adapters.py: variants of LoRA as PEFT saves them, and what PEFT computes with them. */
const folder = path.join(import.meta.dirname, 'golden');

const rows = z.array(z.array(z.int()));
const schema = z.object({
  base: z.string(),
  batches: z.array(z.object({ input_ids: rows, attention_mask: rows, labels: rows })),
  learningRate: z.number().default(NaN),
  losses: z.array(z.number()).default([]),
  gradientNorms: z.array(z.number()).default([]),
});
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const writers = names.filter((name) => name !== 'value');
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 1 };

async function read(name: string) {
  const golden = schema.parse(JSON.parse(readFileSync(path.join(folder, name, 'golden.json'), 'utf8')));
  const { tensors } = await readSafetensors(path.join(folder, name, 'golden.safetensors'));
  const [first] = golden.batches.map(toMicroBatch);
  if (!first) throw new Error('no batch');
  return { golden, tensors, first, model: await loadModel(goldenFolder(golden.base)), adapter: path.join(folder, name) };
}

/** Logits of all positions: [b, s, v]. */
async function logits(
  { family, config }: LoadedModel,
  weights: ReadonlyMap<string, Float32Array>,
  { batch, length, ids }: { batch: number; length: number; ids: Int32Array },
  adapter?: GraphAdapter,
): Promise<Float32Array> {
  const graph = new Graph();
  const input = graph.input('ids', 'int32', [batch * length]);
  const places = tokenPlaces(graph, config, { batch, length, packed: false }, 'float32');
  const context = forwardContext(graph, family.parameters(config), adapter);
  const { hidden, head } = family.forward(context, config, { ids: input, batch, length, ...places });
  const session = await GraphSession.compile(graph, { logits: gemm(graph, hidden, head, undefined, { transposeB: true }) }, weights);
  const results = await session.run({ ids });
  await session.release();
  return results.floats('logits');
}

/** Only where there is no padding: what a model makes of it is nobody's business. */
function seen(values: ArrayLike<number>, mask: readonly number[]): number[] {
  const width = values.length / mask.length;
  return Array.from(values).filter((_, index) => mask[Math.floor(index / width)] === 1);
}

describe.each(writers)('%s, an adapter of PEFT', (name) => {
  it('gives the same logits', async () => {
    const { golden, tensors, first, model, adapter } = await read(name);
    const fixed = fixedAdapter(await openAdapter(adapter, model), model);
    const found = await logits(model, new Map([...model.weights, ...fixed.weights]), first, fixed);
    const mask = golden.batches[0]?.attention_mask.flat() ?? [];
    expect(relativeError(seen(found, mask), seen(tensors.get('logits')?.data ?? [], mask))).toBeLessThan(1e-5);
  });

  it('gives the same logits merged into the weights', async () => {
    const { golden, tensors, first, model, adapter } = await read(name);
    const { updates, replaced } = await openAdapter(adapter, model);
    const merged = new Map([...model.weights, ...replaced]);
    for (const [layer, update] of updates) {
      const data = merged.get(`${layer}.weight`)?.slice() ?? new Float32Array();
      mergeInto({ ...update, data }, update);
      merged.set(`${layer}.weight`, data);
    }
    const mask = golden.batches[0]?.attention_mask.flat() ?? [];
    const found = await logits(model, merged, first);
    expect(relativeError(seen(found, mask), seen(tensors.get('logits')?.data ?? [], mask))).toBeLessThan(1e-5);
  });

  it('is trained further as PEFT does it', async () => {
    const { golden, tensors, model, adapter } = await read(name);
    const { method: settings } = parseTrainingConfig({ method: { initAdapter: adapter } });
    const started = await startAdapter(model, { settings, baseModel: golden.base, seed: 0, valuesTexts: false });
    const trainer = new Trainer({ model, ...started, optimizer, threads: 1 });
    const expected = [...tensors.keys()].flatMap((key) => (key.startsWith('gradient.') ? [key.slice('gradient.'.length)] : []));
    expect([...trainer.gradients.keys()].sort()).toEqual(expected.sort());
    for (const [index, batch] of golden.batches.entries()) {
      const result = await trainer.step([toMicroBatch(batch)], golden.learningRate, index + 1);
      if (index === 0) {
        for (const [key, gradient] of trainer.gradients)
          expect(relativeError(gradient, tensors.get(`gradient.${key}`)?.data ?? []), key).toBeLessThan(5e-5);
      }
      expect(Math.abs(result.loss / (golden.losses[index] ?? NaN) - 1), `loss of step ${index + 1}`).toBeLessThan(1e-5);
      expect(Math.abs(result.gradientNorm / (golden.gradientNorms[index] ?? NaN) - 1), `norm of step ${index + 1}`).toBeLessThan(1e-4);
    }
    await trainer.release();
  });
});

it('values texts as PEFT does', async () => {
  const { golden, tensors, first, model, adapter } = await read('value');
  const fixed = fixedValuingAdapter(await openAdapter(adapter, model), model);
  const { batch, length, ids } = first;
  const last = golden.batches[0]?.attention_mask.map((row, index) => index * length + row.lastIndexOf(1)) ?? [];
  const graph = new Graph();
  const shape = { batch, length, packed: false, targets: batch };
  const input = graph.input('ids', 'int32', [batch * length]);
  const context = forwardContext(graph, model.family.parameters(model.config), fixed);
  const places = tokenPlaces(graph, model.config, shape, 'float32');
  const { hidden } = model.family.forward(context, model.config, { ids: input, batch, length, ...places });
  const values = lastTokenValues({ graph, dtype: 'float32', hidden, shape });
  const session = await GraphSession.compile(graph, { values }, new Map([...model.weights, ...fixed.weights]));
  const results = await session.run({ ids, rows: Int32Array.from(last), places: new Int32Array(batch * length) });
  await session.release();
  expect(relativeError(results.floats('values'), tensors.get('logits')?.data ?? [])).toBeLessThan(1e-5);
});

it('does not write with an adapter that values', async () => {
  const { model, adapter } = await read('value');
  const opened = await openAdapter(adapter, model);
  expect(() => fixedAdapter(opened, model)).toThrow('it makes a reward model');
});
