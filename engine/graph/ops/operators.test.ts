import { describe, expect, it } from 'vitest';
import { operatorNames } from '../define-op.ts';
import { compareWithFiniteDifferences } from '../finite-differences.ts';
import { differentiableCases, forwardCases } from './operator-cases.ts';

/** Used by nothing but the backward passes of others, where they are checked. */
const partsOfOthers = ['ScatterAddRows', 'ScatterElements'];

describe('every operator against finite differences', () => {
  it.each(differentiableCases)('$op $name', async ({ shapes, build, positive }) => {
    const worst = await compareWithFiniteDifferences(shapes, build, { positive });
    expect(worst.error, worst.tensor).toBeLessThan(1e-6);
  });

  it('leaves none out', () => {
    expect([...new Set([...differentiableCases, ...forwardCases].map(({ op }) => op)), ...partsOfOthers].sort()).toEqual(operatorNames());
  });
});
