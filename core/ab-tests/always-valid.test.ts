import type { AbMetric } from '@anneal/prisma';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, fewestSubjects, halfWidth, pValue } from './always-valid.ts';
import { placeOf, variantAt } from './assignment.ts';
import { estimateOf, noSums, type Sums } from './measures.ts';
import { judge } from './standing.ts';

/** Numbers from 0 to below 1, always the same (mulberry32). */
function lots(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const chance = (probability: number) => (lot: () => number) => (lot() < probability ? 1 : 0);
const rating = (lot: () => number) => [1, 3, 4, 5, 5][Math.floor(lot() * 5)] ?? 5;
/** Like times of answers: most short, some very long. */
const logNormal = (median: number) => (lot: () => number) =>
  median * Math.exp(Math.sqrt(-2 * Math.log(1 - lot())) * Math.cos(2 * Math.PI * lot()));

const add = (sums: Sums, value: number, times = 1): Sums => ({
  subjects: sums.subjects + 1,
  values: sums.values + times,
  sum: sums.sum + value * times,
  sumOfSquares: sums.sumOfSquares + (value * times) ** 2,
  crossSum: sums.crossSum + value * times * times,
  sizeSquares: sums.sizeSquares + times ** 2,
});

type Standing = ReturnType<typeof judge>;

interface Simulated {
  metric: AbMetric;
  draws: ((lot: () => number) => number)[];
  subjects: number;
}

/** Runs a test and looks after every execution. @returns how it stood when it was first significant, or else at the end */
function run({ metric, draws, subjects }: Simulated, lot: () => number, look: (standing: Standing) => void = () => undefined): Standing {
  const sums = draws.map(() => noSums);
  for (let subject = 0; ; subject += 1) {
    const variant = Math.floor(lot() * draws.length);
    sums[variant] = add(sums[variant] ?? noSums, draws[variant]?.(lot) ?? 0);
    const standing = judge(
      { metric, alpha: 0.05 },
      sums.map((of, index) => ({ id: String(index), executions: of.values, sums: of })),
    );
    look(standing);
    if (standing.isSignificant || subject === subjects) return standing;
  }
}

const repeated = (times: number, seed: number, simulated: Simulated): Standing[] => {
  const lot = lots(seed);
  return Array.from({ length: times }, () => run(simulated, lot));
};

describe('looking after every execution', () => {
  it.each([
    ['successes of 1 of 2', 'SUCCESS', [chance(0.5), chance(0.5)]],
    ['successes of 97 of 100', 'SUCCESS', [chance(0.97), chance(0.97)]],
    ['ratings', 'RATING', [rating, rating]],
    ['times', 'LATENCY', [logNormal(800), logNormal(800)]],
    ['four variants', 'SUCCESS', [chance(0.9), chance(0.9), chance(0.9), chance(0.9)]],
  ] as const)('calls variants different that are alike in less than 5 of 100 tests: %s', (_what, metric, draws) => {
    const standings = repeated(200, 7, { metric, draws: [...draws], subjects: 600 });
    expect(standings.filter(({ isSignificant }) => isSignificant).length / standings.length).toBeLessThan(0.05);
  });

  it('finds a real difference, and says which variant is better', () => {
    for (const [metric, draws, leader] of [
      ['SUCCESS', [chance(0.8), chance(0.9)], '1'],
      ['LATENCY', [logNormal(800), logNormal(1200)], '0'],
      ['RATING', [rating, () => 5, rating], '1'],
    ] as const) {
      const standings = repeated(40, 11, { metric, draws: [...draws], subjects: 6000 });
      const leaders = standings.map(({ leaderId, isSignificant }) => (isSignificant ? leaderId : 'nobody'));
      expect(leaders.filter((found) => found === leader).length, metric).toBe(40);
    }
  });

  it('finds the true difference inside of the interval, at all times, in 95 % of the tests', () => {
    const lot = lots(13);
    let missed = 0;
    for (let test = 0; test < 100; test += 1) {
      const isOutside: boolean[] = [];
      run({ metric: 'SUCCESS', draws: [chance(0.7), chance(0.75)], subjects: 600 }, lot, ({ variants: [, second] }) => {
        const { low = -1, high = 1 } = second?.difference ?? {};
        isOutside.push(low > 0.05 || high < 0.05);
      });
      if (isOutside.includes(true)) missed += 1;
    }
    expect(missed / 100).toBeLessThan(0.05);
  });
});

describe('a p-value', () => {
  it('is at most alpha exactly when the interval does not hold 0', () => {
    const numbers = fc.record({
      value: fc.double({ min: -5, max: 5, noNaN: true }),
      variance: fc.double({ min: 1e-6, max: 10, noNaN: true }),
      observations: fc.integer({ min: 2, max: 100_000 }),
    });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.001, max: 0.2, noNaN: true }), (estimate, alpha) => {
        const width = halfWidth(estimate, alpha);
        fc.pre(Math.abs(Math.abs(estimate.value) - width) > 1e-9);
        expect(pValue(estimate, alpha) <= alpha).toBe(Math.abs(estimate.value) > width);
      }),
    );
  });

  it('is 1 without any difference, and never 0', () => {
    expect(pValue({ value: 0, variance: 0, observations: 100 }, 0.05)).toBe(1);
    expect(pValue({ value: 1, variance: 0, observations: 100 }, 0.05)).toBeGreaterThan(0);
  });
});

describe('a mean of subjects', () => {
  it('has the usual variance when each has one value', () => {
    const sums = [1, 2, 3, 6].reduce((before, value) => add(before, value), noSums);
    expect(estimateOf(sums)).toEqual({ value: 3, variance: expect.closeTo(14 / 3 / 4, 12), observations: 4 });
  });

  it('does not become surer when the same subjects come again and again', () => {
    const of = (times: number) => estimateOf([1, 2, 3, 6].reduce((before, value) => add(before, value, times), noSums));
    expect(of(50)).toEqual({ ...of(1), variance: expect.closeTo(of(1).variance, 9) });
  });

  it('of subjects that are all alike is not taken for certain', () => {
    const alike = (values: number) => Array.from({ length: values }).reduce<Sums>((before) => add(before, 1), noSums);
    const some = Array.from({ length: 40 }, (_, index) => (index < 37 ? 1 : 0)).reduce<Sums>(add, noSums);
    const measured = [alike(fewestSubjects), some].map((sums, index) => ({ id: String(index), executions: sums.values, sums }));
    expect(judge({ metric: 'SUCCESS', alpha: 0.05 }, measured)).toMatchObject({ isSignificant: false, leaderId: null });
    expect(
      judge(
        { metric: 'SUCCESS', alpha: 0.05 },
        [measured[1], measured[0]].flatMap((one) => one ?? []),
      ),
    ).toMatchObject({
      variants: [{ difference: null }, { mean: 1, difference: { isBetter: true, isSignificant: false } }],
    });
    const few = { id: 'few', executions: 29, sums: alike(fewestSubjects - 1) };
    expect(judge({ metric: 'SUCCESS', alpha: 0.05 }, [few, ...measured]).variants).toMatchObject([
      { mean: 1, interval: null },
      { difference: null },
      { difference: null },
    ]);
  });

  it('is compared by the sum of the variances', () => {
    expect(difference({ value: 3, variance: 1, observations: 10 }, { value: 1, variance: 2, observations: 5 })).toEqual({
      ...{ value: 2, variance: 3, observations: 15 },
    });
  });
});

describe('a subject', () => {
  it('stays with its variant, and as many get each as the weights say', () => {
    const weights = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(weights, fc.string({ minLength: 1 }), (given, testId) => {
        const variants = given.map((weight, index) => ({ weight, index }));
        const counts = given.map(() => 0);
        const subjects = 1000;
        for (let subject = 0; subject < subjects; subject += 1) {
          const { index } = variantAt(variants, placeOf(testId, `user-${subject}`));
          expect(variantAt(variants, placeOf(testId, `user-${subject}`)).index).toBe(index);
          counts[index] = (counts[index] ?? 0) + 1;
        }
        const total = given.reduce((sum, weight) => sum + weight, 0);
        for (const [index, weight] of given.entries()) {
          const share = weight / total;
          // Six standard deviations of a share that is drawn by lot.
          expect(Math.abs((counts[index] ?? 0) / subjects - share)).toBeLessThan(6 * Math.sqrt((share * (1 - share)) / subjects));
        }
      }),
      { numRuns: 10 },
    );
  });

  it('stands elsewhere in another test, and every place belongs to a variant', () => {
    expect(placeOf('test', 'ada')).toBe(placeOf('test', 'ada'));
    expect(placeOf('test', 'ada')).not.toBe(placeOf('other', 'ada'));
    const variants = [{ weight: 0.1 }, { weight: 0.2 }, { weight: 0.3 }];
    expect(variantAt(variants, 0)).toBe(variants[0]);
    expect(variantAt(variants, 1 - 2 ** -48)).toBe(variants[2]);
  });
});
