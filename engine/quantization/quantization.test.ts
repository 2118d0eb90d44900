import { describe, expect, it } from 'vitest';
import { rowSquares } from '../adapters/merge.ts';
import { layerRowSquares } from '../adapters/row-squares.ts';
import { nf4Levels } from '../graph/ops/stored-weights.ts';
import { goldenAdapter, goldenFolder, readGolden, relativeError, toMicroBatch } from '../golden/cases.ts';
import { type LoadedModel, loadModel } from '../models/load.ts';
import { Trainer } from '../training/trainer.ts';
import { float16ToFloat32 } from '../weights/float16.ts';
import { toInt8, transposeCodes } from './int8.ts';
import { toNf4 } from './nf4.ts';
import { toSmallFactors } from './factors.ts';
import { type Storage, type StorageOptions, type StoredWeight, storedBytes, storeWeight } from './stored-weight.ts';

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 0 };

/** What a stored weight stands for, worked out here element by element. */
function restored({ storage, shape, layout, tensors }: StoredWeight): Float32Array {
  const [rows = 0, columns = 0] = shape;
  const [codes, scale] = [tensors.codes?.data ?? [], tensors.scale?.data ?? smallFactors(tensors)];
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

/** The factors that doubly quantised ones stand for. */
function smallFactors({ factors, factorScale, factorMean }: StoredWeight['tensors']): Float32Array {
  const data = new Float32Array(factors?.data.length ?? 0);
  for (let index = 0; index < data.length; index++)
    data[index] = Math.fround(Number(factors?.data[index]) * Number(factorScale?.data[index >> 8])) + Number(factorMean?.data[0]);
  return data;
}

async function step(name: string, model: LoadedModel) {
  const trainer = new Trainer({ model, ...(await goldenAdapter(name)), optimizer, threads: 1 });
  const result = await trainer.step([toMicroBatch(readGolden(name).batch)], 0, 1);
  return { ...result, gradients: new Map([...trainer.gradients].map(([key, data]) => [key, data.slice()])) };
}

const forms: readonly StorageOptions[] = [
  { storage: 'float16' },
  { storage: 'int8' },
  { storage: 'nf4' },
  { storage: 'nf4', doubleQuantization: true },
];

it('refuses float16 for a weight that it cannot hold', () => {
  const layer = { name: 'model.layers.0.mlp.up_proj', inputs: 2, outputs: 2, layout: 'out-in' as const };
  expect(storeWeight(Float32Array.of(1, -65_504, 0, 2), layer, { storage: 'float16' })).not.toBeNull();
  expect(() => storeWeight(Float32Array.of(1, -65_520, 0, 2), layer, { storage: 'float16' })).toThrow(
    /model\.storage: The weight of model\.layers\.0\.mlp\.up_proj has values that float16 cannot hold/,
  );
});

describe.each(['gqa-tied', 'gpt2'])('%s with smaller weights', (name) => {
  it.each(forms)('computes exactly with what is kept: $storage, double quantisation $doubleQuantization', async (form) => {
    const model = await loadModel(goldenFolder(name), form);
    const linears = model.family.linears(model.config);
    expect(model.stored?.size).toBe(linears.length);
    const weights = new Map([...model.weights, ...[...(model.stored ?? [])].map(([key, kept]) => [key, restored(kept)] as const)]);
    const [found, expected] = [await step(name, model), await step(name, { ...model, weights, stored: undefined })];
    expect(Math.abs(found.loss / expected.loss - 1)).toBeLessThan(1e-6);
    expect(found.gradients.size).toBeGreaterThan(0);
    for (const [key, gradient] of found.gradients)
      expect(relativeError(gradient, expected.gradients.get(key) ?? []), key).toBeLessThan(1e-5);
  });

  it.each(forms)('knows the lengths of the rows of what is kept: $storage, double quantisation $doubleQuantization', async (form) => {
    const model = await loadModel(goldenFolder(name), form);
    const layers = model.family.linears(model.config);
    const squares = await layerRowSquares(model, layers);
    for (const layer of layers) {
      const kept = model.stored?.get(`${layer.name}.weight`);
      const expected = rowSquares({ ...layer, data: kept ? restored(kept) : new Float32Array() });
      expect(relativeError(squares.get(layer.name) ?? [], expected), layer.name).toBeLessThan(1e-6);
    }
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
  const { scale, codes } = toNf4(data);
  expect(scale[0]).toBe(3);
  expect([...codes.subarray(0, 8)]).toEqual([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
  expect(() => toNf4(new Float32Array(63))).toThrow(RangeError);
});

it('quantises factors to half a step of their block around the mean', () => {
  const factors = Float32Array.from({ length: 600 }, (_, index) => (index < 256 ? 1 + (index % 7) / 100 : 2 + Math.sin(index) / 3));
  const { codes, scale, mean } = toSmallFactors(factors);
  expect([codes.length, scale.length]).toEqual([768, 3]);
  for (const [index, factor] of factors.entries()) {
    const step = scale[index >> 8] ?? NaN;
    expect(Math.abs((codes[index] ?? NaN) * step + (mean[0] ?? NaN) - factor)).toBeLessThanOrEqual(step * 0.5001);
  }
  // The largest distance from the mean is met exactly.
  expect(Math.max(...codes.subarray(256, 512).map(Math.abs))).toBe(127);
  expect([...codes.subarray(600)].every((code) => code === 0)).toBe(true);
  const same = toSmallFactors(new Float32Array(64).fill(0.25));
  expect([...same.codes].every((code) => code === 0)).toBe(true);
  expect(same.mean[0]).toBe(0.25);
});

it('takes a twelfth off the memory of NF4 with double quantisation', () => {
  const layer = { name: 'layer', inputs: 512, outputs: 512, layout: 'out-in' as const };
  const weight = Float32Array.from({ length: 512 * 512 }, (_, index) => Math.sin(index));
  const [plain, double] = [false, true].map((doubleQuantization) => {
    const kept = storeWeight(weight, layer, { storage: 'nf4', doubleQuantization });
    return ((kept ? storedBytes(kept) : NaN) * 8) / weight.length;
  });
  expect(plain).toBe(4.5);
  expect(double).toBeCloseTo(4 + 8 / 64 + 32 / (64 * 256), 2);
});

it('turns a matrix of codes, whatever its size', () => {
  const [rows, columns] = [70, 131];
  const codes = Int8Array.from({ length: rows * columns }, (_, index) => (index * 31) % 127);
  const turned = transposeCodes(codes, [rows, columns]);
  for (let index = 0; index < codes.length; index++)
    expect(turned[(index % columns) * rows + Math.floor(index / columns)]).toBe(codes[index]);
  expect(transposeCodes(turned, [columns, rows])).toEqual(codes);
});
