import { expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { goldenAdapter, goldenCases, goldenFolder, relativeError } from '../golden/cases.ts';
import { loadModel } from '../models/load.ts';
import { randomSource } from '../random.ts';
import { makeMicroBatch, packMicroBatch } from './micro-batch.ts';
import { Trainer } from './trainer.ts';

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 0 };

function randomExamples(lengths: readonly number[], vocabulary: number): Example[] {
  const random = randomSource(7);
  return lengths.map((length) => {
    const inputIds = Int32Array.from({ length }, () => Math.floor(random() * vocabulary));
    // The first third is a prompt, on which no loss is taken.
    return { inputIds, labels: inputIds.map((id, position) => (position < length / 3 ? -100 : id)) };
  });
}

it.each(goldenCases)('gives the same loss and gradients packed as one by one: %s', async (name) => {
  const model = await loadModel(goldenFolder(name));
  const [a, b, c, d, e] = randomExamples([11, 5, 8, 3, 13], model.config.vocabularySize);
  if (!a || !b || !c || !d || !e) throw new Error('five examples');
  const trainer = async () => new Trainer({ model, ...(await goldenAdapter(name)), optimizer, threads: 1 });
  const [packed, apart] = [await trainer(), await trainer()];
  const one = await packed.step([packMicroBatch([[a, b, c], [d, e], []], 24, 0)], 0, 1);
  const other = await apart.step([makeMicroBatch([a, b, c, d, e], 13, 0)], 0, 1);
  expect(one.targets).toBe(other.targets);
  expect(one.tokens).toBe(other.tokens);
  expect(Math.abs(one.loss / other.loss - 1)).toBeLessThan(1e-6);
  for (const [key, gradient] of packed.gradients) expect(relativeError(gradient, apart.gradients.get(key) ?? []), key).toBeLessThan(1e-5);
});
