import { describe, expect, it } from 'vitest';
import { nf4Levels } from '../graph/ops/stored-weights.ts';
import { goldenAdapter, goldenFolder, readGolden, relativeError, toMicroBatch } from '../golden/cases.ts';
import { type LoadedModel, loadModel } from '../models/load.ts';
import { Trainer } from '../training/trainer.ts';
import { float16ToFloat32 } from '../weights/float16.ts';
import { toInt8 } from './int8.ts';
import { toNf4 } from './nf4.ts';
import { type Storage, type StoredWeight, storedBytes } from './stored-weight.ts';

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 0 };

/** What a stored weight stands for, worked out here element by element. */
function restored({ storage, shape, layout, tensors }: StoredWeight): Float32Array {
  const [rows = 0, columns = 0] = shape;
  const [codes, scale] = [tensors.codes?.data ?? [], tensors.scale?.data ?? []];
  const data = new Float32Array(rows * columns);
  if (storage === 'float16' && tensors.half?.data instanceof Uint16Array) float16ToFloat32(tensors.half.data, data);
  for (let index = 0; index < data.length; index++) {
    const output = layout === 'out-in' ? Math.floor(index / columns) : index % columns;
    if (storage === 'int8') data[index] = Number(codes[index]) * Number(scale[output]);
    if (storage === 'nf4') {
      const byte = Number(tensors.bytes?.data[index >> 1]);
      data[index] = (nf4Levels[index % 2 === 0 ? byte >> 4 : byte & 15] ?? NaN) * Number(scale[index >> 6]);
    }
  }
  return data;
}

async function step(name: string, model: LoadedModel) {
  const trainer = new Trainer({ model, ...(await goldenAdapter(name)), optimizer, threads: 1 });
  const result = await trainer.step([toMicroBatch(readGolden(name).batch)], 0, 1);
  return { ...result, gradients: new Map([...trainer.gradients].map(([key, data]) => [key, data.slice()])) };
}

const storages: readonly Exclude<Storage, 'float32'>[] = ['float16', 'int8', 'nf4'];

describe.each(['gqa-tied', 'gpt2'])('%s with smaller weights', (name) => {
  it.each(storages)('computes exactly with what is kept: %s', async (storage) => {
    const model = await loadModel(goldenFolder(name), { storage });
    const linears = model.family.linears(model.config);
    expect(model.stored?.size).toBe(linears.length);
    const weights = new Map([...model.weights, ...[...(model.stored ?? [])].map(([key, kept]) => [key, restored(kept)] as const)]);
    const [found, expected] = [await step(name, model), await step(name, { ...model, weights, stored: undefined })];
    expect(Math.abs(found.loss / expected.loss - 1)).toBeLessThan(1e-6);
    expect(found.gradients.size).toBeGreaterThan(0);
    for (const [key, gradient] of found.gradients)
      expect(relativeError(gradient, expected.gradients.get(key) ?? []), key).toBeLessThan(1e-5);
  });

  it('stays near single precision with int8 products', async () => {
    const whole = await step(name, await loadModel(goldenFolder(name)));
    const rounded = await step(name, await loadModel(goldenFolder(name), { storage: 'int8', products: 'int8' }));
    expect(Math.abs(rounded.loss / whole.loss - 1)).toBeLessThan(0.01);
    for (const [key, gradient] of rounded.gradients)
      expect(relativeError(gradient, whole.gradients.get(key) ?? []), key).toBeLessThan(0.15);
  });

  it('takes less memory', async () => {
    const bytes = async (storage: Storage) =>
      [...((await loadModel(goldenFolder(name), { storage })).stored?.values() ?? [])].reduce((sum, kept) => sum + storedBytes(kept), 0);
    const half = await bytes('float16');
    expect(await bytes('int8')).toBeLessThan(0.65 * half);
    expect(await bytes('nf4')).toBeLessThan(0.3 * half);
  });
});

it('rounds int8 to the nearest code and keeps the largest weight of each row', () => {
  const { codes, scale } = toInt8(Float32Array.of(1.27, -0.005, 0.014, 0, 0, 0), [2, 3], 0);
  expect([...codes]).toEqual([127, -1, 1, 0, 0, 0]);
  expect(scale[0]).toBeCloseTo(0.01, 6);
  expect(scale[1]).toBe(1);
});

it('rounds NF4 to the nearest level of its block', () => {
  const data = Float32Array.from({ length: 64 }, (_, index) => 3 * (nf4Levels[index % 16] ?? 0));
  const packed = toNf4(data);
  expect(packed?.scale[0]).toBe(3);
  expect([...(packed?.codes.subarray(0, 8) ?? [])]).toEqual([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
  expect(toNf4(new Float32Array(63))).toBeNull();
});
