import { describe, expect, it } from 'vitest';
import { type DimensionName, readExpression, type Sizes, standIns } from './sizes.ts';

const values = (of: (sizes: Sizes) => number): [number, number] => [of(standIns[0]), of(standIns[1])];

describe('a size of a graph that was built twice', () => {
  it.each<[string, (sizes: Sizes) => number, number, DimensionName[]]>([
    ['576', () => 576, 576, []],
    ['length', ({ length }) => length, 1, ['length']],
    ['past + length', ({ past, length }) => past + length, 1, ['total']],
    ['batch · length', ({ batch, length }) => batch * length, 1, ['batch', 'length']],
    ['3 heads of a group · length', ({ length }) => 3 * length, 3, ['length']],
    ['batch · heads · length · total', ({ batch, length, total }) => batch * 4 * length * total, 4, ['batch', 'length', 'total']],
  ])('is read as %s', (_text, of, factor, dimensions) => {
    expect(readExpression(values(of))).toEqual({ factor, dimensions });
  });

  it('has one reading only, whatever the factor', () => {
    for (let factor = 1; factor < 3000; factor++)
      expect(readExpression(values(({ batch, length }) => factor * batch * length))).toEqual({ factor, dimensions: ['batch', 'length'] });
  });

  it.each<[string, (sizes: Sizes) => number]>([
    ['one more than the length', ({ length }) => length + 1],
    ['what is left of a window', ({ total }) => total - 7],
    ['half of the length', ({ length }) => Math.floor(length / 2)],
  ])('is refused where it is %s', (_text, of) => {
    expect(() => readExpression(values(of))).toThrow(/no product of batch, length, past, total/);
  });
});
