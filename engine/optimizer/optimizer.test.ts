import { describe, expect, it } from 'vitest';
import { randomSource } from '../random.ts';
import { blockSize, readBlock, writeBlock, zeroBytes } from './byte-vector.ts';
import { type DynamicMap, signedMap, unsignedMap } from './dynamic-map.ts';
import { learningRateAt } from './schedule.ts';
import { createState } from './states.ts';

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

describe('the learning rate', () => {
  const rates = (schedule: Parameters<typeof learningRateAt>[3]) =>
    Array.from({ length: 11 }, (_, index) => learningRateAt(index + 1, 10, 2, schedule));

  it('rises over the warm-up, given in steps or as a share', () => {
    expect(rates({ type: 'constant', warmupSteps: 4 }).slice(0, 6)).toEqual([0, 0.5, 1, 1.5, 2, 2]);
    expect(rates({ type: 'constant', warmupSteps: 0, warmupRatio: 0.35 })).toEqual(rates({ type: 'constant', warmupSteps: 4 }));
    expect(rates({ type: 'constant', warmupSteps: 4, warmupRatio: 0.9 })).toEqual(rates({ type: 'constant', warmupSteps: 4 }));
  });

  it.each(['linear', 'cosine'] as const)('falls to the lowest rate along a %s', (type) => {
    expect(rates({ type, warmupSteps: 0 }).at(-1)).toBeCloseTo(0);
    const floored = rates({ type, warmupSteps: 0, minLearningRateRatio: 0.25 });
    expect([floored[0], floored[5]?.toFixed(9), floored[10]]).toEqual([2, '1.250000000', 0.5]);
  });
});

describe.each([
  ['signed', signedMap],
  ['unsigned', unsignedMap],
])('the %s map of a byte', (name, map: DynamicMap) => {
  it('has 256 different values, with more of them near 1', () => {
    expect(new Set(map.values).size).toBe(256);
    expect([...map.values]).toEqual([...map.values].sort((a, b) => a - b));
    expect(map.values).toContain(0);
    expect(map.values.at(-1)).toBe(1);
    expect(map.values.filter((value) => value >= 0.1)).toHaveLength(name === 'signed' ? 65 : 129);
  });

  it('rounds each value to the nearest', () => {
    const random = randomSource(3);
    const values = Float32Array.from({ length: blockSize }, (_, index) => {
      const magnitude = 10 ** (-8 * random());
      return index === 0 ? 1 : name === 'signed' && index % 2 ? -magnitude : magnitude;
    });
    const vector = zeroBytes(values.length, map);
    writeBlock(vector, 0, map, values);
    const read = new Float32Array(blockSize);
    readBlock(vector, 0, map, read);
    // 0 is for zero alone among the unsigned.
    const candidates = name === 'signed' ? map.values : map.values.filter((value) => value > 0);
    for (const [index, value] of values.entries()) {
      const nearest = candidates.reduce((best, candidate) => (Math.abs(candidate - value) < Math.abs(best - value) ? candidate : best));
      expect(Math.abs((read[index] ?? NaN) - value)).toBeCloseTo(Math.abs(nearest - value), 7);
    }
  });
});

describe('the state of AdamW in bytes', () => {
  const shape = [3, 1700];
  const start = () => Float32Array.from({ length: 5100 }, (_, index) => Math.sin(index));

  /** Gradients of a bowl with sides of very different steepness, with noise. */
  function descend(format: 'float32' | 'int8', steps: number): Float32Array {
    const [weight, gradient, random] = [start(), new Float32Array(5100), randomSource(1)];
    const state = createState('w', shape, format);
    for (let step = 1; step <= steps; step++) {
      for (let index = 0; index < gradient.length; index++)
        gradient[index] = (weight[index] ?? 0) * 10 ** ((index % 3) - 1) + 1e-4 * (random() - 0.5);
      state.update(weight, gradient, settings, 1e-2, step, 1);
    }
    return weight;
  }
  const norm = (values: Float32Array) => Math.hypot(...values);

  it('finds the bottom as float32 does', () => {
    expect(norm(start())).toBeGreaterThan(50);
    expect(norm(descend('float32', 300))).toBeLessThan(1);
    expect(norm(descend('int8', 300))).toBeLessThan(1);
  });

  it('takes a quarter of the memory, but for small tensors', () => {
    const bytes = (format: 'float32' | 'int8', shape: number[]) =>
      createState('w', shape, format).tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(bytes('int8', [64, 2048]) / bytes('float32', [64, 2048])).toBeLessThan(0.251);
    expect(bytes('int8', [4095])).toBe(bytes('float32', [4095]));
  });

  it('is the first step of float32 to the bit, and goes on from what it tells', () => {
    expect(descend('int8', 1)).toEqual(descend('float32', 1));
    const [one, other] = [createState('w', shape, 'int8'), createState('w', shape, 'int8')];
    const [weight, gradient] = [start(), start()];
    one.update(weight, gradient, settings, 1e-2, 1, 1);
    other.tensors.forEach(({ data }, index) => data.set(one.tensors[index]?.data ?? []));
    const again = weight.slice();
    one.update(weight, gradient, settings, 1e-2, 2, 1);
    other.update(again, gradient, settings, 1e-2, 2, 1);
    expect(again).toEqual(weight);
  });

  it('does not explode where gradients come now and then', () => {
    const state = createState('w', [4096], 'int8');
    const weight = new Float32Array(4096);
    for (let step = 1; step <= 50; step++) {
      // One large gradient sets the scale of the block; a small one comes once.
      const gradient = new Float32Array(4096).fill(1, 0, 1).fill(step === 1 ? 1e-5 : 0, 1, 2);
      state.update(weight, gradient, settings, 1e-2, step, 1);
    }
    expect(Math.abs(weight[1] ?? NaN)).toBeLessThan(0.1);
  });
});
