import { testing, type Family, type Json, type Structure } from '../item.ts';
import { drawNumberCondition, numberConditionIds } from '../pieces/number-conditions.ts';
import { drawNumberMap, wholeNumberMapIds } from '../pieces/number-maps.ts';
import { camel } from '../pieces/words.ts';

interface Collector {
  id: string;
  of: (np: string) => string;
  name: string;
  start: string;
  variable: string;
  add: (value: string) => string;
  value: (list: number[]) => Json;
}

const collectors: Collector[] = [
  { id: 'sum', of: (np) => `the sum of ${np}`, name: 'sum of', start: '0', variable: 'total', add: (v) => `total += ${v};`, value: (list) => list.reduce((a, b) => a + b, 0) },
  { id: 'product', of: (np) => `the product of ${np}`, name: 'product of', start: '1', variable: 'product', add: (v) => `product *= ${v};`, value: (list) => list.reduce((a, b) => a * b, 1) },
  { id: 'list', of: (np) => `a list of ${np}`, name: 'list of', start: '[]', variable: 'result', add: (v) => `result.push(${v});`, value: (list) => list },
  { id: 'count', of: (np) => `the number of ${np}`, name: 'count of', start: '0', variable: 'count', add: () => 'count += 1;', value: (list) => list.length },
];

const limits = ['n', 'limit', 'last', 'end'];

/** A counting loop: "the sum of the squares of the whole numbers from 1 to n that are even". */
function counting(conditionId: string, mapId: string, collector: Collector): Structure {
  return {
    key: `loop|${conditionId}|${mapId}|${collector.id}`,
    sketch: (random) => {
      const limit = random.pick(limits);
      const condition = conditionId === 'none' ? undefined : drawNumberCondition(conditionId, random, 9);
      const map = mapId === 'none' ? undefined : drawNumberMap(mapId, random);
      const start = random.integer(1, 4);
      const step = collector.add(map?.code('i') ?? 'i');
      return {
        name: camel(collector.name, map?.name ?? '', condition?.name ?? '', `from ${start}`),
        parameters: [limit],
        describe: () => {
          const chosen = `the whole numbers from ${start} to ${limit}${condition ? ` that are ${condition.is().replace(/^a multiple/, 'multiples')}` : ''}`;
          return collector.of(map ? map.many(chosen) : chosen);
        },
        body: [
          `${collector.start === '[]' ? 'const' : 'let'} ${collector.variable} = ${collector.start};`,
          `for (let i = ${start}; i <= ${limit}; i += 1) {`,
          ...(condition ? [`  if (${condition.code('i')}) {`, `    ${step}`, '  }'] : [`  ${step}`]),
          '}',
          `return ${collector.variable};`,
        ],
        test: testing(
          () => [random.integer(start, collector.id === 'product' ? 9 : 24)],
          (n) => {
            const list: number[] = [];
            for (let i = start; i <= n; i += 1) if (!condition || condition.holds(i)) list.push(map ? map.value(i) : i);
            return collector.value(list);
          },
        ),
      };
    },
  };
}

const loopConditions = ['none', ...numberConditionIds.filter((id) => !['positive', 'negative', 'nonZero'].includes(id))];
const loopMaps = ['none', ...wholeNumberMapIds.filter((id) => id !== 'absolute')];

export const countingLoops: Family = {
  id: 'loop',
  weight: 3,
  compositional: true,
  structures: loopConditions.flatMap((condition) =>
    loopMaps.flatMap((map) => collectors.filter(({ id }) => id !== 'count' || (map === 'none' && condition !== 'none')).map((collector) => counting(condition, map, collector))),
  ),
};

/** The same over the items of a list, with `for ... of`. */
function walking(conditionId: string, mapId: string, collector: Collector): Structure {
  return {
    key: `walk|${conditionId}|${mapId}|${collector.id}`,
    sketch: (random) => {
      const list = random.pick(['row', 'sequence', 'samples', 'readings']);
      const plural = list === 'row' || list === 'sequence' ? `numbers of ${list}` : list;
      const condition = drawNumberCondition(conditionId, random);
      const map = mapId === 'none' ? undefined : drawNumberMap(mapId, random);
      return {
        name: camel('loop', collector.name, map?.name ?? '', condition.name),
        parameters: [list],
        describe: () => {
          const chosen = `the ${plural} that are ${condition.is().replace(/^a multiple/, 'multiples')}`;
          return `${collector.of(map ? map.many(chosen) : chosen)}, with a loop`;
        },
        body: [
          `${collector.start === '[]' ? 'const' : 'let'} ${collector.variable} = ${collector.start};`,
          `for (const n of ${list}) {`,
          `  if (${condition.code('n')}) {`,
          `    ${collector.add(map?.code('n') ?? 'n')}`,
          '  }',
          '}',
          `return ${collector.variable};`,
        ],
        test: testing(
          () => [Array.from({ length: random.integer(4, 7) }, () => (random.chance(0.5) ? random.pick(condition.near) : random.integer(-9, 20)))],
          (numbers) => collector.value(numbers.filter(condition.holds).map((n) => (map ? map.value(n) : n))),
        ),
      };
    },
  };
}

export const walkingLoops: Family = {
  id: 'walk',
  weight: 2,
  compositional: true,
  structures: numberConditionIds.flatMap((condition) =>
    ['none', ...wholeNumberMapIds].flatMap((map) => collectors.filter(({ id }) => id !== 'count' || map === 'none').map((collector) => walking(condition, map, collector))),
  ),
};

interface Growth {
  id: string;
  done: (k: string) => string;
  code: (k: string) => string;
  constant: [number, number];
  step: (value: number, k: number) => number;
  name: string;
}

const growths: Growth[] = [
  { id: 'multiply', done: (k) => `multiplied by ${k}`, code: (k) => `value *= ${k};`, constant: [2, 9], step: (v, k) => v * k, name: 'multiply' },
  { id: 'add', done: (k) => `increased by ${k}`, code: (k) => `value += ${k};`, constant: [2, 15], step: (v, k) => v + k, name: 'increase' },
  { id: 'double', done: (k) => `doubled and increased by ${k}`, code: (k) => `value = value * 2 + ${k};`, constant: [1, 9], step: (v, k) => v * 2 + k, name: 'double and add' },
  { id: 'square', done: (k) => `squared and increased by ${k}`, code: (k) => `value = value * value + ${k};`, constant: [1, 9], step: (v, k) => v * v + k, name: 'square and add' },
  { id: 'triple', done: (k) => `tripled and decreased by ${k}`, code: (k) => `value = value * 3 - ${k};`, constant: [1, 3], step: (v, k) => v * 3 - k, name: 'triple and subtract' },
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
  { id: 'steps', of: (doing) => `the number of times that ${doing}`, name: 'steps to', before: ['let steps = 0;'], first: [], then: ['steps += 1;'], returns: 'steps', value: (path) => path.length - 1 },
  { id: 'end', of: (doing) => `the last value when ${doing}`, name: 'end of', before: [], first: [], then: [], returns: 'value', value: (path) => path.at(-1) },
  { id: 'path', of: (doing) => `a list of the values when ${doing}`, name: 'path of', before: ['const path = [];'], first: [], then: ['path.push(value);'], returns: 'path', value: (path) => path.slice(1) },
  { id: 'sum', of: (doing) => `the sum of the values when ${doing}`, name: 'sum of', before: ['let total = 0;'], first: [], then: ['total += value;'], returns: 'total', value: (path) => path.slice(1).reduce((a, b) => a + b, 0) },
];

const bounds: { id: string; text: (k: string) => string; while: (k: string) => string; goesOn: (v: number, k: number) => boolean; name: string }[] = [
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
        body: [`let value = ${start};`, ...result.before, `while (${bound.while(limit)}) {`, `  ${growth.code(String(factor))}`, ...result.then.map((line) => `  ${line}`), '}', `return ${result.returns};`],
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
    bounds.flatMap((_, bound) => growthResults.flatMap((result) => [growing(growth, bound, result, false), growing(growth, bound, result, true)])),
  ),
};

/** Recursion: "1 if n is at most 1, and otherwise n times the value for n - 1". */
function recursion(conditionId: string, mapId: string, operator: '+' | '*'): Structure {
  return {
    key: `recursion|${conditionId}|${mapId}|${operator}`,
    sketch: (random) => {
      const stop = random.integer(0, 2);
      const base = random.integer(1, 9);
      const map = drawNumberMap(mapId, random);
      const back = conditionId === 'one' ? 1 : 2;
      const name = camel('recursive', operator === '+' ? 'sum' : 'product', map.name, `by ${back}`);
      const code = map.code('n');
      const value = (n: number): number => (n <= stop ? base : operator === '+' ? map.value(n) + value(n - back) : map.value(n) * value(n - back));
      return {
        name,
        parameters: ['n'],
        describe: () => `${base} if n is at most ${stop}, and otherwise ${map.one('n')} ${operator === '+' ? 'plus' : 'times'} its own value for n - ${back}`,
        body: [
          `if (n <= ${stop}) {`,
          `  return ${base};`,
          '}',
          `return ${operator === '*' && / [-+%] /.test(code) ? `(${code})` : code} ${operator} ${name}(n - ${back});`,
        ],
        test: testing(
          () => [random.integer(0, 9)],
          (n) => value(n),
        ),
      };
    },
  };
}

export const recursions: Family = {
  id: 'recursion',
  weight: 1,
  compositional: true,
  structures: ['one', 'two'].flatMap((back) => wholeNumberMapIds.flatMap((map) => [recursion(back, map, '+'), recursion(back, map, '*')])),
};
