import { testing, type Family, type Json, type Structure } from '../item.ts';
import { drawNumberCondition, drawNumbers, numberConditionIds } from '../pieces/number-conditions.ts';
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
  {
    id: 'sum',
    of: (np) => `the sum of ${np}`,
    name: 'sum of',
    start: '0',
    variable: 'total',
    add: (v) => `total += ${v};`,
    value: (list) => list.reduce((a, b) => a + b, 0),
  },
  {
    id: 'product',
    of: (np) => `the product of ${np}`,
    name: 'product of',
    start: '1',
    variable: 'product',
    add: (v) => `product *= ${v};`,
    value: (list) => list.reduce((a, b) => a * b, 1),
  },
  {
    id: 'list',
    of: (np) => `a list of ${np}`,
    name: 'list of',
    start: '[]',
    variable: 'result',
    add: (v) => `result.push(${v});`,
    value: (list) => list,
  },
  {
    id: 'count',
    of: (np) => `the number of ${np}`,
    name: 'count of',
    start: '0',
    variable: 'count',
    add: () => 'count += 1;',
    value: (list) => list.length,
  },
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
          () => [random.integer(start, collector.id === 'product' ? 14 : 30)],
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
    loopMaps.flatMap((map) =>
      collectors
        .filter(({ id }) => id !== 'count' || (map === 'none' && condition !== 'none'))
        .map((collector) => counting(condition, map, collector)),
    ),
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
          () => [drawNumbers(random, condition.near)],
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
    ['none', ...wholeNumberMapIds].flatMap((map) =>
      collectors.filter(({ id }) => id !== 'count' || map === 'none').map((collector) => walking(condition, map, collector)),
    ),
  ),
};
