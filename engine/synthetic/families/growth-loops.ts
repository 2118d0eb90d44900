import { testing, type Family, type Json, type Structure } from '../item.ts';
import { camel } from '../pieces/words.ts';

interface Growth {
  id: string;
  done: (k: string) => string;
  code: (k: string) => string;
  constant: [number, number];
  step: (value: number, k: number) => number;
  name: string;
}

const growths: Growth[] = [
  {
    id: 'multiply',
    done: (k) => `multiplied by ${k}`,
    code: (k) => `value *= ${k};`,
    constant: [2, 9],
    step: (v, k) => v * k,
    name: 'multiply',
  },
  {
    id: 'add',
    done: (k) => `increased by ${k}`,
    code: (k) => `value += ${k};`,
    constant: [2, 15],
    step: (v, k) => v + k,
    name: 'increase',
  },
  {
    id: 'double',
    done: (k) => `doubled and increased by ${k}`,
    code: (k) => `value = value * 2 + ${k};`,
    constant: [1, 9],
    step: (v, k) => v * 2 + k,
    name: 'double and add',
  },
  {
    id: 'square',
    done: (k) => `squared and increased by ${k}`,
    code: (k) => `value = value * value + ${k};`,
    constant: [1, 9],
    step: (v, k) => v * v + k,
    name: 'square and add',
  },
  {
    id: 'triple',
    done: (k) => `tripled and decreased by ${k}`,
    code: (k) => `value = value * 3 - ${k};`,
    constant: [1, 3],
    step: (v, k) => v * 3 - k,
    name: 'triple and subtract',
  },
];

interface GrowthResult {
  id: string;
  of: (doing: string) => string;
  name: string;
  before: string[];
  first: string[];
  then: string[];
  returns: string;
  value: (path: number[]) => Json | undefined;
}

const growthResults: GrowthResult[] = [
  {
    id: 'steps',
    of: (doing) => `the number of times that ${doing}`,
    name: 'steps to',
    before: ['let steps = 0;'],
    first: [],
    then: ['steps += 1;'],
    returns: 'steps',
    value: (path) => path.length - 1,
  },
  {
    id: 'end',
    of: (doing) => `the last value when ${doing}`,
    name: 'end of',
    before: [],
    first: [],
    then: [],
    returns: 'value',
    value: (path) => path.at(-1),
  },
  {
    id: 'path',
    of: (doing) => `a list of the values when ${doing}`,
    name: 'path of',
    before: ['const path = [];'],
    first: [],
    then: ['path.push(value);'],
    returns: 'path',
    value: (path) => path.slice(1),
  },
  {
    id: 'sum',
    of: (doing) => `the sum of the values when ${doing}`,
    name: 'sum of',
    before: ['let total = 0;'],
    first: [],
    then: ['total += value;'],
    returns: 'total',
    value: (path) => path.slice(1).reduce((a, b) => a + b, 0),
  },
];

const bounds: {
  id: string;
  text: (k: string) => string;
  while: (k: string) => string;
  goesOn: (v: number, k: number) => boolean;
  name: string;
}[] = [
  { id: 'greater', text: (k) => `greater than ${k}`, while: (k) => `value <= ${k}`, goesOn: (v, k) => v <= k, name: 'above' },
  { id: 'atLeast', text: (k) => `at least ${k}`, while: (k) => `value < ${k}`, goesOn: (v, k) => v < k, name: 'reach' },
];

/** "the number of times that n is multiplied by 3 until it is greater than 100". */
function growing(growth: Growth, boundIndex: number, result: GrowthResult, open: boolean): Structure {
  const bound = bounds[boundIndex];
  if (!bound) throw new Error('There is no such bound.');
  return {
    key: `grow|${growth.id}|${bound.id}|${result.id}|${open ? 'limit' : 'constant'}`,
    sketch: (random) => {
      const start = random.pick(['n', 'start', 'number']);
      const factor = random.integer(growth.constant[0], growth.constant[1]);
      const constant = random.integer(20, 200);
      const limit = open ? 'limit' : String(constant);
      const path = (first: number, last: number): number[] => {
        const values = [first];
        for (let value = first; bound.goesOn(value, last); values.push(value)) value = growth.step(value, factor);
        return values;
      };
      return {
        name: camel(result.name, growth.name, String(factor), bound.name, limit),
        parameters: open ? [start, 'limit'] : [start],
        describe: () => result.of(`${start} is ${growth.done(String(factor))} until it is ${bound.text(limit)}`),
        body: [
          `let value = ${start};`,
          ...result.before,
          `while (${bound.while(limit)}) {`,
          `  ${growth.code(String(factor))}`,
          ...result.then.map((line) => `  ${line}`),
          '}',
          `return ${result.returns};`,
        ],
        test: open
          ? testing(
              () => [random.integer(2, 12), random.integer(10, 150)],
              (first, last) => result.value(path(first, last)),
            )
          : testing(
              () => [random.integer(2, constant + 5)],
              (first) => result.value(path(first, constant)),
            ),
      };
    },
  };
}

export const growthLoops: Family = {
  id: 'grow',
  weight: 1.2,
  compositional: true,
  structures: growths.flatMap((growth) =>
    bounds.flatMap((_, bound) =>
      growthResults.flatMap((result) => [growing(growth, bound, result, false), growing(growth, bound, result, true)]),
    ),
  ),
};
