import { testing, type Family, type Structure } from '../item.ts';
import { drawNumberCondition, drawNumbers, numberConditionIds, whichAre } from '../pieces/number-conditions.ts';
import { drawNumberMap, wholeNumberMapIds } from '../pieces/number-maps.ts';
import { camel } from '../pieces/words.ts';

const runs: {
  id: string;
  of: string;
  start: string;
  code: (v: string) => string;
  value: (before: number, n: number) => number;
  first: number;
  variable: string;
}[] = [
  {
    id: 'sums',
    of: 'the running sums of',
    start: '0',
    variable: 'total',
    code: (v) => `total += ${v};`,
    value: (before, n) => before + n,
    first: 0,
  },
  {
    id: 'products',
    of: 'the running products of',
    start: '1',
    variable: 'product',
    code: (v) => `product *= ${v};`,
    value: (before, n) => before * n,
    first: 1,
  },
  {
    id: 'largest',
    of: 'the largest so far of',
    start: '-Infinity',
    variable: 'best',
    code: (v) => `best = Math.max(best, ${v});`,
    value: (before, n) => Math.max(before, n),
    first: -Infinity,
  },
  {
    id: 'smallest',
    of: 'the smallest so far of',
    start: 'Infinity',
    variable: 'best',
    code: (v) => `best = Math.min(best, ${v});`,
    value: (before, n) => Math.min(before, n),
    first: Infinity,
  },
];

function running(runIndex: number, conditionId: string, mapId: string): Structure {
  const run = runs[runIndex];
  if (!run) throw new Error('There is no such run.');
  return {
    key: `running|${run.id}|${conditionId}|${mapId}`,
    sketch: (random) => {
      const list = random.pick(['numbers', 'values', 'steps']);
      const condition = conditionId === 'none' ? undefined : drawNumberCondition(conditionId, random);
      const map = mapId === 'none' ? undefined : drawNumberMap(mapId, random);
      return {
        name: camel('running', run.id, map?.name ?? '', condition?.name ?? ''),
        parameters: [list],
        describe: () => {
          const chosen = `the ${condition ? whichAre(condition, list, random) : list}`;
          return `${run.of} ${map ? map.many(chosen) : chosen}`;
        },
        body: [
          `let ${run.variable} = ${run.start};`,
          `return ${list}${condition ? `.filter((n) => ${condition.code('n')})` : ''}.map((n) => {`,
          `  ${run.code(map?.code('n') ?? 'n')}`,
          `  return ${run.variable};`,
          '});',
        ],
        test: testing(
          () => [drawNumbers(random, condition?.near)],
          (numbers) => {
            let value = run.first;
            return numbers
              .filter((n) => !condition || condition.holds(n))
              .map((n) => {
                value = run.value(value, map ? map.value(n) : n);
                return value;
              });
          },
        ),
      };
    },
  };
}

export const runningTotals: Family = {
  id: 'running',
  weight: 1.2,
  compositional: true,
  structures: runs.flatMap((_, run) =>
    ['none', ...numberConditionIds].flatMap((condition) => ['none', ...wholeNumberMapIds].map((map) => running(run, condition, map))),
  ),
};
