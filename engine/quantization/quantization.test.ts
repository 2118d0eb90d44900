import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowSquares } from '../adapters/merge.ts';
import { layerRowSquares } from '../adapters/row-squares.ts';
import { parseTrainingConfig } from '../config.ts';
import { nf4Levels } from '../graph/ops/stored-weights.ts';
import { Generator } from '../generation/generator.ts';
import { goldenAdapter, goldenFolder, goldenTensors, readGolden, relativeError, toMicroBatch } from '../golden/cases.ts';
import { type LoadedModel, loadModel } from '../models/load.ts';
import { collect } from '../testing/collect.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-model.ts';
import { Trainer } from '../training/trainer.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from '../weights/float16.ts';
import { toInt8 } from './int8.ts';
import { toNf4 } from './nf4.ts';
import { toSmallFactors } from './factors.ts';
import { type Storage, type StorageOptions, type StoredWeight, storedBytes, storeWeight } from './stored-weight.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'anneal-quantization-'));
});
afterAll(() => rm(folder, { recursive: true }));

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 0 };

/** What a stored weight stands for, worked out here element by element. */
function restored({ storage, products, shape, layout, tensors }: StoredWeight): Float32Array {
  const [rows = 0, columns = 0] = shape;
  const [codes, scale] = [tensors.codes?.data ?? [], tensors.scale?.data ?? smallFactors(tensors)];
  const data = new Float32Array(rows * columns);
  const half = tensors.half?.data;
  if (half instanceof Uint16Array) (storage === 'float16' ? float16ToFloat32 : bfloat16ToFloat32)(half, data);
  for (let index = 0; index < data.length; index++) {
    const output = layout === 'out-in' ? Math.floor(index / columns) : index % columns;
    if (storage === 'int8') data[index] = Number(codes[index]) * Number(scale[output]);
    if (storage === 'nf4') {
      const byte = Number(tensors.bytes?.data[index >> 1]);
      const level = nf4Levels[index % 2 === 0 ? byte >> 4 : byte & 15] ?? NaN;
      const unit = Number(tensors.outputScale?.data[output]);
      const steps = Math.fround(Math.fround(level) * Math.fround(Number(scale[index >> 6]) / unit));
      data[index] = products === 'int8' ? Math.round(steps) * unit : level * Number(scale[index >> 6]);
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

async function write(name: string, model: LoadedModel): Promise<(number | null | undefined)[]> {
  const generator = new Generator({ model, threads: 1 });
  const settings = { maxTokens: 12, temperature: 0, topK: 0, topP: 1, seed: 0, endTokens: [] };
  const tokens: (number | null | undefined)[] = [];
  for await (const [id] of generator.steps([readGolden(name).generation?.base.prompt ?? []], settings)) tokens.push(id);
  await generator.release();
  return tokens;
}

const forms: readonly StorageOptions[] = [
  { storage: 'float16' },
  { storage: 'bfloat16' },
  { storage: 'int8' },
  { storage: 'nf4' },
  { storage: 'nf4', doubleQuantization: true },
];

/** The same model with its linear weights in single precision, as they are kept. */
function wholeModel(model: LoadedModel): LoadedModel {
  const weights = new Map([...model.weights, ...[...(model.stored ?? [])].map(([key, kept]) => [key, restored(kept)] as const)]);
  return { ...model, weights, stored: undefined };
}

/** Rounds to the eight significant bits of bfloat16, to nearest, ties to even. */
function inBfloat16(value: number): number {
  if (value === 0) return 0;
  const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(value)))) - 7);
  const [below, rest] = [Math.floor(value / unit), value / unit - Math.floor(value / unit)];
  return (below + (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? 1 : 0)) * unit;
}

it('rounds to the nearest bfloat16, and computes with that what PyTorch does where a file has the type', async () => {
  const [whole, rounded] = await Promise.all(
    (['float32', 'bfloat16'] as const).map((storage) => loadModel(goldenFolder('gpt2'), { storage })),
  );
  const single = whole?.weights ?? new Map<string, Float32Array>();
  expect(rounded?.stored?.size).toBeGreaterThan(0);
  for (const [key, kept] of rounded?.stored ?? []) expect(restored(kept)).toEqual(single.get(key)?.map(inBfloat16));

  const name = 'sharded-bf16';
  const expected = await goldenTensors(name);
  const { loss, gradients } = await step(name, await loadModel(goldenFolder(name), { storage: 'bfloat16' }));
  expect(loss).toBe((await step(name, await loadModel(goldenFolder(name)))).loss);
  expect(Math.abs(loss / readGolden(name).lora.loss - 1)).toBeLessThan(1e-5);
  expect(gradients.size).toBeGreaterThan(0);
  for (const [key, gradient] of gradients)
    expect(relativeError(gradient, expected.get(`lora.gradient.base_model.model.${key}`)?.data ?? []), key).toBeLessThan(5e-5);
});

it('refuses float16 for a weight that it cannot hold', () => {
  const layer = { name: 'model.layers.0.mlp.up_proj', inputs: 2, outputs: 2, layout: 'out-in' as const };
  expect(storeWeight(Float32Array.of(1, -65_504, 0, 2), layer, { storage: 'float16' })).not.toBeNull();
  expect(() => storeWeight(Float32Array.of(1, -65_520, 0, 2), layer, { storage: 'float16' })).toThrow(
    /model\.storage: The weight of model\.layers\.0\.mlp\.up_proj has values that float16 cannot hold \(above 65,504\)\. Take bfloat16,/,
  );
  expect(storeWeight(Float32Array.of(1, -65_520, 0, 3.3e38), layer, { storage: 'bfloat16' })).not.toBeNull();
});

describe.each(['gqa-tied', 'gpt2'])('%s with smaller weights', (name) => {
  it.each(forms)('computes exactly with what is kept: $storage, double quantisation $doubleQuantization', async (form) => {
    const model = await loadModel(goldenFolder(name), form);
    const linears = model.family.linears(model.config);
    expect(model.stored?.size).toBe(linears.length);
    const [found, expected] = [await step(name, model), await step(name, wholeModel(model))];
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

  it.each(forms)('writes with what is kept: $storage, double quantisation $doubleQuantization', async (form) => {
    const model = await loadModel(goldenFolder(name), form);
    expect(await write(name, model)).toEqual(await write(name, wholeModel(model)));
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

describe('int8 products with NF4', () => {
  const options = [false, true].map((doubleQuantization) => ({ storage: 'nf4', products: 'int8', doubleQuantization }) as const);
  let places: { model: string; data: string };
  beforeAll(async () => {
    places = await writeTinyModel(folder, { hidden_size: 64, intermediate_size: 128 });
  });

  it.each(options)('know the lengths of the rows, which are rounded once more: double quantisation $doubleQuantization', async (form) => {
    const [model, plain] = [await loadModel(places.model, form), await loadModel(places.model, { ...form, products: 'float32' })];
    const layers = model.family.linears(model.config);
    const squares = await layerRowSquares(model, layers);
    for (const layer of layers) {
      const name = `${layer.name}.weight`;
      const [kept, nf4] = [model.stored?.get(name), plain.stored?.get(name)];
      if (!kept || !nf4) throw new Error(`${name} is not kept`);
      const [weights, before] = [restored(kept), restored(nf4)];
      expect(kept.products).toBe('int8');
      expect(relativeError(squares.get(layer.name) ?? [], rowSquares({ ...layer, data: weights })), name).toBeLessThan(1e-6);
      for (const [index, weight] of weights.entries()) {
        const unit = Number(kept.tensors.outputScale?.data[Math.floor(index / layer.inputs)]);
        expect(Math.abs(weight - (before[index] ?? NaN))).toBeLessThanOrEqual(0.501 * unit);
      }
    }
  });

  it('train like NF4 in single precision, and leave weights alone whose blocks reach across outputs', async () => {
    const losses = async (products: 'float32' | 'int8') => {
      const config = { ...tinyConfig(places, 3), model: { base: places.model, storage: 'nf4' as const, products } };
      const events = await collect(parseTrainingConfig(config), path.join(folder, products));
      return events.flatMap((event) => (event.type === 'metrics' ? (event.values.loss ?? []) : []));
    };
    const [exact, rounded] = [await losses('float32'), await losses('int8')];
    expect(exact.length).toBeGreaterThan(1);
    expect(relativeError(rounded, exact)).toBeLessThan(0.01);
    expect(rounded).not.toEqual(exact);
    const { stored } = await loadModel(goldenFolder('gqa-tied'), { storage: 'nf4', products: 'int8' });
    expect(new Set([...(stored?.values() ?? [])].map(({ products }) => products))).toEqual(new Set(['float32']));
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
