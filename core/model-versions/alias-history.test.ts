import { describe, expect, it } from 'vitest';
import { previousNumber } from './alias-history.ts';

describe('what an alias pointed to before', () => {
  const there = new Set([1, 2, 3]);
  const to = (...numbers: (number | null)[]) => numbers.map((toNumber) => ({ toNumber, isRollBack: false }));
  const back = (toNumber: number) => ({ toNumber, isRollBack: true });
  it.each([
    [[], null],
    [to(1), null],
    [to(1, 2), 1],
    [to(1, 2, 1), 2],
    [to(1, null), 1],
    [to(1, null, 1), null],
    [to(4, 1), null],
    [[...to(1, 2, 3), back(2)], 1],
    [[...to(1, 2, 3), back(2), back(1)], null],
    [[...to(1, 2, 3), back(1), ...to(3)], 1],
  ])('%j: %s', (changes, expected) => expect(previousNumber(changes, there)).toBe(expected));
});
