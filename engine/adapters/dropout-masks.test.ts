import { expect, it } from 'vitest';
import type { Value } from '../graph/types.ts';
import { dropoutFeeds } from './dropout-masks.ts';

const input = (name: string, ...shape: number[]): Value => ({ id: 0, kind: 'input', name, dtype: 'bool', shape });
const inputs = [input('ids', 4), input('dropout.a', 300, 200), input('dropout.b', 300, 200)];
const masks = (share: number, place = { seed: 1, step: 3, microBatch: 0 }) => dropoutFeeds(inputs, share, place, new Map());
const kept = (mask: Uint8Array = new Uint8Array()) => mask.reduce((sum, value) => sum + value, 0) / mask.length;

it.each([0.02, 0.1, 0.5, 0.7, 0.9])('leaves out about %s of the elements, each by itself', (share) => {
  const mask = masks(share)['dropout.a'];
  expect(Math.abs(kept(mask) - (1 - share))).toBeLessThan(0.01);
  // Neighbours in a row and in a column are kept together as often as chance would have it.
  for (const distance of [1, 200]) {
    const both = mask?.subarray(distance).map((value, index) => value & (mask[index] ?? 0));
    expect(Math.abs(kept(both) - (1 - share) ** 2), String(distance)).toBeLessThan(0.015);
  }
});

it('depends on seed, step and micro-batch, and on nothing else', () => {
  const bytes = (place?: Parameters<typeof masks>[1]) => Buffer.concat(Object.values(masks(0.3, place)));
  const first = bytes();
  expect(Object.keys(masks(0.3))).toEqual(['dropout.a', 'dropout.b']);
  expect(bytes().equals(first)).toBe(true);
  expect(first.subarray(0, first.length / 2).equals(first.subarray(first.length / 2))).toBe(false);
  for (const place of [
    { seed: 2, step: 3, microBatch: 0 },
    { seed: 1, step: 4, microBatch: 0 },
    { seed: 1, step: 3, microBatch: 1 },
  ])
    expect(bytes(place).equals(first)).toBe(false);
});

it('uses the memory of earlier masks again', () => {
  const buffers = new Map<string, Uint8Array>();
  const first = dropoutFeeds(inputs, 0.3, { seed: 1, step: 1, microBatch: 0 }, buffers)['dropout.a'];
  const second = dropoutFeeds(inputs, 0.3, { seed: 1, step: 2, microBatch: 0 }, buffers)['dropout.a'];
  expect(second).toBe(first);
});
