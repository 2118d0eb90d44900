import { expect, it } from 'vitest';
import { sparklinePath } from './sparkline.ts';

it('runs from the highest down to the lowest', () => expect(sparklinePath([4, 3, 2], 100, 22)).toBe('M0.0 1.0L50.0 11.0L100.0 21.0'));

it('passes over values that are not finite and draws nothing for fewer than two', () => {
  expect(sparklinePath([NaN, 1], 100, 22)).toBe('');
  expect(sparklinePath([2, NaN, 1], 100, 22)).toBe('M0.0 1.0L100.0 21.0');
});

it('draws a level line when all values are the same', () => expect(sparklinePath([1, 1], 100, 22)).toBe('M0.0 21.0L100.0 21.0'));
