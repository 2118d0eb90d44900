import { describe, expect, it } from 'vitest';
import { measured, type MeasureSpec, notMeasured } from './measure.ts';
import { largestRelativeDifference, median } from './statistics.ts';
import { inWords } from './table.ts';

const ratio: MeasureSpec = { measure: 'tokens/s', unit: '×', bar: { atLeast: 1.8 } };
const difference: MeasureSpec = { measure: 'losses', unit: '', bar: { atMost: 1e-4 }, isCorrectness: true };

describe('measured', () => {
  it('holds a value against its bar', () => {
    expect(measured(ratio, 1.8, {})).toMatchObject({ met: true, isWrong: false });
    expect(measured(ratio, 1.7, {})).toMatchObject({ met: false, isWrong: false });
    expect(measured({ ...ratio, bar: { below: 3 } }, 3, {})).toMatchObject({ met: false });
  });

  it('calls wrong results wrong, however fast', () => {
    expect(measured(ratio, 5, { holds: false })).toMatchObject({ met: false, isWrong: true });
    expect(measured(difference, 2e-4, {})).toMatchObject({ met: false, isWrong: true });
    expect(measured(difference, Number.NaN, {})).toMatchObject({ met: false, isWrong: true });
  });
});

describe('statistics', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('finds no agreement between lists of different lengths or without numbers', () => {
    expect(largestRelativeDifference([1, 2.2], [1, 2])).toBeCloseTo(0.1);
    expect(largestRelativeDifference([1], [1, 2])).toBe(Infinity);
    expect(largestRelativeDifference([], [])).toBe(Infinity);
    expect(largestRelativeDifference([Number.NaN, 1], [1, 1])).toBe(Infinity);
  });
});

describe('inWords', () => {
  it('gives each measure a line, with why one is missing', () => {
    const figures = { unit: 'tokens/s', ours: 300, other: 150 } as const;
    const text = inWords([measured(ratio, 2, { figures }), notMeasured(difference, new Error('There is no Python.'))]);
    const [, first, second, , reason] = text.split('\n');
    expect(first?.split(/ {2,}/)).toEqual(['tokens/s', '2 ×', '≥ 1.8 ×', 'met', '300 tokens/s', '150 tokens/s']);
    expect(second?.split(/ {2,}/)).toEqual(['losses', 'not measured', '≤ 1.0e-4']);
    expect(reason).toBe('Not measured: There is no Python.');
  });
});
