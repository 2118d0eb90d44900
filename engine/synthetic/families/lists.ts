import { testing, type Family, type Json, type Structure } from '../item.ts';
import { drawNumberCondition, drawNumbers, numberConditionIds, whichAre } from '../pieces/number-conditions.ts';
import { drawNumberMap, numberMapIds, wholeNumberMapIds } from '../pieces/number-maps.ts';
import { drawNumberReduction } from '../pieces/number-reductions.ts';
import { camel } from '../pieces/words.ts';
import type { Random } from '../random.ts';

interface ListStep {
  id: string;
  draw: (random: Random) => { name: string; after: string; calls: string; value: (list: number[]) => number[] };
}

const counted = (k: number): string => (k === 1 ? 'item' : `${k} items`);

const listSteps: ListStep[] = [
  { id: 'ascending', draw: () => ({ name: 'ascending', after: 'sorted in ascending order', calls: '.sort((a, b) => a - b)', value: (l) => [...l].sort((a, b) => a - b) }) },
  { id: 'descending', draw: () => ({ name: 'descending', after: 'sorted in descending order', calls: '.sort((a, b) => b - a)', value: (l) => [...l].sort((a, b) => b - a) }) },
  { id: 'reversed', draw: () => ({ name: 'reversed', after: 'in reverse order', calls: '.reverse()', value: (l) => [...l].reverse() }) },
  {
    id: 'take',
    draw: (random) => {
      const k = random.integer(1, 5);
      return { name: `take ${k}`, after: `cut to the first ${counted(k)}`, calls: `.slice(0, ${k})`, value: (l) => l.slice(0, k) };
    },
  },
  {
    id: 'takeLast',
    draw: (random) => {
      const k = random.integer(1, 5);
      return { name: `take last ${k}`, after: `cut to the last ${counted(k)}`, calls: `.slice(-${k})`, value: (l) => l.slice(-k) };
    },
  },
  {
    id: 'drop',
    draw: (random) => {
      const k = random.integer(1, 4);
      return { name: `drop ${k}`, after: `without the first ${counted(k)}`, calls: `.slice(${k})`, value: (l) => l.slice(k) };
    },
  },
  {
    id: 'dropLast',
    draw: (random) => {
      const k = random.integer(1, 4);
      return { name: `drop last ${k}`, after: `without the last ${counted(k)}`, calls: `.slice(0, -${k})`, value: (l) => l.slice(0, -k) };
    },
  },
  { id: 'everySecond', draw: () => ({ name: 'every second', after: 'with only every second item', calls: '.filter((n, i) => i % 2 === 0)', value: (l) => l.filter((_, i) => i % 2 === 0) }) },
  { id: 'distinct', draw: () => ({ name: 'distinct', after: 'without duplicates', calls: '.filter((n, i, all) => all.indexOf(n) === i)', value: (l) => l.filter((n, i) => l.indexOf(n) === i) }) },
  {
    id: 'append',
    draw: (random) => {
      const k = random.integer(0, 99);
      return { name: `append ${k}`, after: `with ${k} added at the end`, calls: `.concat([${k}])`, value: (l) => [...l, k] };
    },
  },
  {
    id: 'times index',
    draw: () => ({ name: 'times index', after: 'with each item multiplied by its index', calls: '.map((n, i) => n * i)', value: (l) => l.map((n, i) => n * i) }),
  },
  {
    id: 'plus index',
    draw: () => ({ name: 'plus index', after: 'with each item increased by its index', calls: '.map((n, i) => n + i)', value: (l) => l.map((n, i) => n + i) }),
  },
];

const listNames = ['list', 'list', 'items', 'array', 'queue'];

/** "list sorted in ascending order, then cut to the first 3 items". */
function chain(ids: readonly string[], mapId?: string): Structure {
  return {
    key: `list|${[...ids, ...(mapId ? [`map ${mapId}`] : [])].join('|')}`,
    sketch: (random) => {
      const list = random.pick(listNames);
      const drawn = ids.map((id) => {
        const step = listSteps.find((candidate) => candidate.id === id);
        if (!step) throw new Error(`There is no step called ${id}.`);
        return step.draw(random);
      });
      const map = mapId ? drawNumberMap(mapId, random) : undefined;
      const steps = map
        ? [...drawn, { name: map.name, after: map.many('').replace(/^the /, 'turned into the ').replace(/ of ( |$)/, ' of the items$1').replace(/^, /, 'with '), calls: `.map((n) => ${map.code('n')})`, value: (l: number[]) => l.map(map.value) }]
        : drawn;
      const inPlace = /^\.(sort|reverse)/.test(steps[0]?.calls ?? '');
      return {
        name: camel(random.pick(['', list]), ...steps.map((step) => step.name)),
        parameters: [list],
        describe: () => `${list} ${steps.map((step) => step.after).join(', then ')}`,
        body: [`return ${inPlace ? `[...${list}]` : list}${steps.map((step) => step.calls).join('')};`],
        test: testing(
          () => {
            const numbers = drawNumbers(random);
            return [random.chance(0.6) ? [...numbers, ...numbers.slice(0, 2)] : numbers];
          },
          (numbers) => steps.reduce((result, step) => step.value(result), numbers),
        ),
      };
    },
  };
}

// What the second undoes, or what the reduction "the 3 largest" already is.
const undone = new Set(['ascending|descending', 'descending|ascending', 'reversed|ascending', 'reversed|descending', 'descending|take']);
const ids = listSteps.map((step) => step.id);

export const listChains: Family = {
  id: 'list',
  weight: 2.5,
  compositional: true,
  structures: [
    ...ids.map((id) => chain([id])),
    ...ids.flatMap((first) => ids.filter((second) => second !== first && !undone.has(`${first}|${second}`)).map((second) => chain([first, second]))),
    ...ids.flatMap((id) => numberMapIds.map((map) => chain([id], map))),
  ],
};

interface Search {
  id: string;
  of: (which: string, list: string) => string;
  name: string;
  code: (list: string, condition: string) => string;
  value: (list: number[], holds: (n: number) => boolean) => Json | undefined;
}

const searches: Search[] = [
  { id: 'index', of: (are, list) => `the index of the first item of ${list} that is ${are}, or -1`, name: 'index of', code: (list, c) => `${list}.findIndex((n) => ${c})`, value: (l, holds) => l.findIndex((n) => holds(n)) },
  { id: 'first', of: (are, list) => `the first item of ${list} that is ${are}`, name: 'find', code: (list, c) => `${list}.find((n) => ${c})`, value: (l, holds) => l.find((n) => holds(n)) },
  { id: 'last', of: (are, list) => `the last item of ${list} that is ${are}`, name: 'find last', code: (list, c) => `${list}.findLast((n) => ${c})`, value: (l, holds) => l.findLast((n) => holds(n)) },
  { id: 'lastIndex', of: (are, list) => `the index of the last item of ${list} that is ${are}, or -1`, name: 'last index of', code: (list, c) => `${list}.findLastIndex((n) => ${c})`, value: (l, holds) => l.findLastIndex((n) => holds(n)) },
  { id: 'some', of: (are, list) => `whether some item of ${list} is ${are}`, name: 'has', code: (list, c) => `${list}.some((n) => ${c})`, value: (l, holds) => l.some((n) => holds(n)) },
  { id: 'every', of: (are, list) => `whether every item of ${list} is ${are}`, name: 'all', code: (list, c) => `${list}.every((n) => ${c})`, value: (l, holds) => l.every((n) => holds(n)) },
  { id: 'none', of: (are, list) => `whether no item of ${list} is ${are}`, name: 'none', code: (list, c) => `!${list}.some((n) => ${c})`, value: (l, holds) => !l.some((n) => holds(n)) },
  { id: 'positions', of: (are, list) => `the indexes of the items of ${list} that are ${are}`, name: 'indexes of', code: (list, c) => `${list}.map((n, i) => (${c} ? i : -1)).filter((i) => i >= 0)`, value: (l, holds) => l.flatMap((n, i) => (holds(n) ? [i] : [])) },
  { id: 'split', of: (are, list) => `two lists, the items of ${list} that are ${are} and the others`, name: 'partition', code: (list, c) => `[${list}.filter((n) => ${c}), ${list}.filter((n) => !(${c}))]`, value: (l, holds) => [l.filter((n) => holds(n)), l.filter((n) => !holds(n))] },
];

function search(kind: Search, conditionId: string): Structure {
  return {
    key: `search|${kind.id}|${conditionId}`,
    sketch: (random) => {
      const list = random.pick(listNames);
      const condition = drawNumberCondition(conditionId, random);
      const many = kind.id === 'positions' || kind.id === 'split';
      return {
        name: camel(kind.name, condition.name),
        parameters: [list],
        describe: () => kind.of(many ? condition.is().replace(/^a multiple/, 'multiples') : condition.is(), list),
        body: [`return ${kind.code(list, condition.code('n'))};`],
        test: testing(
          () => {
            // All of one sort now and then, so that "every" and "none" are sometimes true.
            const numbers = drawNumbers(random, condition.near);
            const side = random.integer(0, 3);
            return [side === 0 ? numbers.filter(condition.holds) : side === 1 ? numbers.filter((n) => !condition.holds(n)) : numbers];
          },
          (numbers) => kind.value(numbers, condition.holds),
        ),
      };
    },
  };
}

export const searchFamily: Family = {
  id: 'search',
  weight: 2,
  compositional: true,
  structures: searches.flatMap((kind) => numberConditionIds.map((condition) => search(kind, condition))),
};

/** "numbers with the squares of the even numbers instead of them": a map on some items only. */
function replaceSome(conditionId: string, mapId: string): Structure {
  return {
    key: `replace|${conditionId}|${mapId}`,
    sketch: (random) => {
      const list = random.pick(['numbers', 'values', 'scores']);
      const condition = drawNumberCondition(conditionId, random);
      const fixed = random.integer(0, 50);
      const map = mapId === 'fixed' ? undefined : drawNumberMap(mapId, random);
      return {
        name: camel('replace', condition.name, 'by', map?.name ?? String(fixed)),
        parameters: [list],
        describe: () => `${list} with each item n that is ${condition.is()} replaced by ${map ? map.one('n') : fixed}`,
        body: [`return ${list}.map((n) => (${condition.code('n')} ? ${map ? map.code('n') : fixed} : n));`],
        test: testing(
          () => [drawNumbers(random, condition.near)],
          (numbers) => numbers.map((n) => (condition.holds(n) ? (map ? map.value(n) : fixed) : n)),
        ),
      };
    },
  };
}

export const replacements: Family = {
  id: 'replace',
  weight: 1.5,
  compositional: true,
  structures: numberConditionIds.flatMap((condition) => ['fixed', ...numberMapIds].map((map) => replaceSome(condition, map))),
};

const runs: { id: string; of: string; start: string; code: (v: string) => string; value: (before: number, n: number) => number; first: number; variable: string }[] = [
  { id: 'sums', of: 'the running sums of', start: '0', variable: 'total', code: (v) => `total += ${v};`, value: (before, n) => before + n, first: 0 },
  { id: 'products', of: 'the running products of', start: '1', variable: 'product', code: (v) => `product *= ${v};`, value: (before, n) => before * n, first: 1 },
  { id: 'largest', of: 'the largest so far of', start: '-Infinity', variable: 'best', code: (v) => `best = Math.max(best, ${v});`, value: (before, n) => Math.max(before, n), first: -Infinity },
  { id: 'smallest', of: 'the smallest so far of', start: 'Infinity', variable: 'best', code: (v) => `best = Math.min(best, ${v});`, value: (before, n) => Math.min(before, n), first: Infinity },
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
  structures: runs.flatMap((_, run) => ['none', ...numberConditionIds].flatMap((condition) => ['none', ...wholeNumberMapIds].map((map) => running(run, condition, map)))),
};

const pairings: { id: string; of: (a: string, b: string) => string; code: (x: string, y: string) => string; value: (x: number, y: number) => number; name: string }[] = [
  { id: 'sum', of: (a, b) => `the sums of the items of ${a} and ${b}`, code: (x, y) => `${x} + ${y}`, value: (x, y) => x + y, name: 'sums' },
  { id: 'difference', of: (a, b) => `the differences of the items of ${a} and ${b}`, code: (x, y) => `${x} - ${y}`, value: (x, y) => x - y, name: 'differences' },
  { id: 'product', of: (a, b) => `the products of the items of ${a} and ${b}`, code: (x, y) => `${x} * ${y}`, value: (x, y) => x * y, name: 'products' },
  { id: 'larger', of: (a, b) => `the larger of the items of ${a} and ${b}`, code: (x, y) => `Math.max(${x}, ${y})`, value: (x, y) => Math.max(x, y), name: 'larger' },
  { id: 'smaller', of: (a, b) => `the smaller of the items of ${a} and ${b}`, code: (x, y) => `Math.min(${x}, ${y})`, value: (x, y) => Math.min(x, y), name: 'smaller' },
  { id: 'distance', of: (a, b) => `the distances between the items of ${a} and ${b}`, code: (x, y) => `Math.abs(${x} - ${y})`, value: (x, y) => Math.abs(x - y), name: 'distances' },
];
const listPairs: [string, string][] = [
  ['left', 'right'],
  ['first', 'second'],
  ['prices', 'amounts'],
  ['before', 'after'],
  ['xs', 'ys'],
];

/** Two lists, item by item: "the sum of the products of the items of left and right". */
function zipped(pairingIndex: number, conditionId: string, reductionId: string): Structure {
  const pairing = pairings[pairingIndex];
  if (!pairing) throw new Error('There is no such pairing.');
  return {
    key: `zip|${pairing.id}|${conditionId}|${reductionId}`,
    sketch: (random) => {
      const [a, b] = random.pick(listPairs);
      const condition = conditionId === 'none' ? undefined : drawNumberCondition(conditionId, random);
      const reduction = drawNumberReduction(reductionId, random);
      const calls = `.map((n, i) => ${pairing.code('n', `${b}[i]`)})${condition ? `.filter((n) => ${condition.code('n')})` : ''}`;
      return {
        name: camel(reduction.name, pairing.name, condition?.name ?? ''),
        parameters: [a, b],
        describe: () => reduction.wording(`${pairing.of(a, b)}${condition ? ` that are ${condition.is().replace(/^a multiple/, 'multiples')}` : ''}`),
        body: reduction.body(`${a}${calls}`),
        test: testing(
          () => {
            const first = drawNumbers(random);
            return [first, first.map(() => (condition && random.chance(0.4) ? random.pick(condition.near) : random.integer(-4, 12)))];
          },
          (first, second) => {
            const values = first.map((n, i) => pairing.value(n, second[i] ?? 0));
            return reduction.value(condition ? values.filter(condition.holds) : values);
          },
        ),
      };
    },
  };
}

export const zips: Family = {
  id: 'zip',
  weight: 1.5,
  compositional: true,
  structures: pairings.flatMap((_, pairing) =>
    ['none', ...numberConditionIds].flatMap((condition) =>
      ['list', 'sum', 'product', 'count', 'largest', 'smallest', 'average'].filter((r) => r !== 'count' || condition !== 'none').map((reduction) => zipped(pairing, condition, reduction)),
    ),
  ),
};
