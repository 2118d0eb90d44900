import { expect, it } from 'vitest';
import { smooth } from './smoothing.ts';

it('gives the values themselves without weight', () => expect([...smooth([3, 1, 2], 0)]).toEqual([3, 1, 2]));

it('starts at the first value, without a pull towards zero', () => {
  expect(smooth([5, 5, 5, 5], 0.9).every((value) => Math.abs(value - 5) < 1e-12)).toBe(true);
});

it('follows the definition', () => {
  const [first, second] = smooth([1, 3], 0.5);
  expect(first).toBeCloseTo(1);
  expect(second).toBeCloseTo((0.5 * 0.5 + 0.5 * 3) / 0.75);
});

it('passes a NaN through and goes on after it', () => {
  const result = smooth([2, NaN, 2], 0.6);
  expect(result[1]).toBeNaN();
  expect(result[2]).toBeCloseTo(2);
});
