import { describe, expect, it } from 'vitest';
import { goldenAdapter, goldenCases, goldenFolder, goldenTensors, readGolden, relativeError, toMicroBatch } from '../golden/cases.ts';
import { loadModel } from '../models/load.ts';
import { type TrainableTensor, Trainer } from './trainer.ts';

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 1 };

async function allWeights(name: string): Promise<{ model: Awaited<ReturnType<typeof loadModel>>; trainable: TrainableTensor[] }> {
  const model = await loadModel(goldenFolder(name));
  const shapes = model.family.parameters(model.config);
  return { model, trainable: [...model.weights].map(([key, data]) => ({ name: key, shape: shapes.get(key) ?? [], data })) };
}

describe.each(goldenCases)('%s against PyTorch and PEFT', (name) => {
  const golden = readGolden(name);

  it('gives the loss of the base model', async () => {
    const model = await loadModel(goldenFolder(name));
    const trainer = new Trainer({ model, trainable: [], optimizer, threads: 1 });
    const { loss = NaN } = await trainer.evaluate([toMicroBatch(golden.batch)]);
    expect(Math.abs(loss / golden.loss - 1)).toBeLessThan(1e-5);
  });

  it('gives the gradient of every LoRA tensor', async () => {
    const model = await loadModel(goldenFolder(name));
    const trainer = new Trainer({ model, ...(await goldenAdapter(name)), optimizer, threads: 1 });
    const result = await trainer.step([toMicroBatch(golden.batch)], 0, 1);
    expect(Math.abs(result.loss / golden.lora.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(result.gradientNorm / golden.lora.gradientNorm - 1)).toBeLessThan(1e-5);
    const expected = await goldenTensors(name);
    expect(trainer.gradients.size).toBe([...expected.keys()].filter((key) => key.startsWith('lora.gradient.')).length);
    for (const [key, gradient] of trainer.gradients) {
      const reference = expected.get(`lora.gradient.base_model.model.${key}`);
      expect(relativeError(gradient, reference?.data ?? []), key).toBeLessThan(5e-5);
    }
  });

  const norm = golden.gradientNorm;
  if (norm !== undefined) {
    it('gives the gradient of every parameter', async () => {
      const trainer = new Trainer({ ...(await allWeights(name)), optimizer, threads: 1 });
      const result = await trainer.step([toMicroBatch(golden.batch)], 0, 1);
      expect(Math.abs(result.gradientNorm / norm - 1)).toBeLessThan(1e-5);
      const expected = await goldenTensors(name);
      for (const [key, gradient] of trainer.gradients) {
        expect(relativeError(gradient, expected.get(`gradient.${key}`)?.data ?? []), key).toBeLessThan(5e-5);
      }
    });
  }

  it.each(Object.keys(golden.trainings))('follows the training "%s" step by step', async (key) => {
    const training = golden.trainings[key];
    if (!training) throw new Error(key);
    const start = key === 'full' ? await allWeights(name) : { model: await loadModel(goldenFolder(name)), ...(await goldenAdapter(name)) };
    const trainer = new Trainer({ ...start, optimizer: training, threads: 1 });
    for (const [index, batches] of training.batches.entries()) {
      const result = await trainer.step(batches.map(toMicroBatch), training.learningRates[index] ?? 0, index + 1);
      expect(result.targets).toBe(training.targets[index]);
      expect(Math.abs(result.loss / (training.losses[index] ?? 0) - 1), `loss of step ${index + 1}`).toBeLessThan(1e-5);
      expect(Math.abs(result.gradientNorm / (training.gradientNorms[index] ?? 0) - 1), `gradient norm of step ${index + 1}`).toBeLessThan(
        1e-4,
      );
    }
    const expected = await goldenTensors(name);
    let compared = 0;
    for (const tensor of start.trainable) {
      const reference = expected.get(`training.${key}.${tensor.name}`) ?? expected.get(`training.${key}.base_model.model.${tensor.name}`);
      if (!reference) continue;
      compared++;
      expect(relativeError(tensor.data, reference.data), tensor.name).toBeLessThan(1e-3);
    }
    expect(compared).toBeGreaterThanOrEqual(5);
  });
});
