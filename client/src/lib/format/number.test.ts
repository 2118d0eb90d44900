import { describe, expect, it } from 'vitest';
import { formatInteger, formatMetric, formatPercent } from './number.ts';

describe('formatMetric', () => {
  it.each([
    [0, '0'],
    [1.23456, '1.235'],
    [-0.5, '-0.5000'],
    [0.0002, '2.00e-4'],
    [999.97, '1,000'],
    [12345.6, '12,346'],
    [99_999.9, '100K'],
    [1_234_567, '1.23M'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
  ])('writes %d as %s', (value, text) => expect(formatMetric(value)).toBe(text));
});

it('groups thousands', () => expect(formatInteger(1234567)).toBe('1,234,567'));

it('says 100 % only at the end', () => {
  expect([0, 0.004, 0.999, 1, -1].map(formatPercent)).toEqual(['0 %', '0 %', '99 %', '100 %', '0 %']);
});
