import { testing, type Family, type Structure } from '../item.ts';
import { drawNumbers } from '../pieces/number-conditions.ts';
import { drawNumberMap, numberMapIds } from '../pieces/number-maps.ts';
import { camel } from '../pieces/words.ts';
import { type Random } from '../random.ts';

interface ListStep {
  id: string;
  draw: (random: Random) => { name: string; after: string; calls: string; value: (list: number[]) => number[] };
}

const counted = (k: number): string => (k === 1 ? 'item' : `${k} items`);

const listSteps: ListStep[] = [
  {
    id: 'ascending',
    draw: () => ({
      name: 'ascending',
      after: 'sorted in ascending order',
      calls: '.sort((a, b) => a - b)',
      value: (l) => [...l].sort((a, b) => a - b),
    }),
  },
  {
    id: 'descending',
    draw: () => ({
      name: 'descending',
      after: 'sorted in descending order',
      calls: '.sort((a, b) => b - a)',
      value: (l) => [...l].sort((a, b) => b - a),
    }),
  },
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
  {
    id: 'everySecond',
    draw: () => ({
      name: 'every second',
      after: 'with only every second item',
      calls: '.filter((n, i) => i % 2 === 0)',
      value: (l) => l.filter((_, i) => i % 2 === 0),
    }),
  },
  {
    id: 'distinct',
    draw: () => ({
      name: 'distinct',
      after: 'without duplicates',
      calls: '.filter((n, i, all) => all.indexOf(n) === i)',
      value: (l) => l.filter((n, i) => l.indexOf(n) === i),
    }),
  },
  {
    id: 'append',
    draw: (random) => {
      const k = random.integer(0, 99);
      return { name: `append ${k}`, after: `with ${k} added at the end`, calls: `.concat([${k}])`, value: (l) => [...l, k] };
    },
  },
  {
    id: 'times index',
    draw: () => ({
      name: 'times index',
      after: 'with each item multiplied by its index',
      calls: '.map((n, i) => n * i)',
      value: (l) => l.map((n, i) => n * i),
    }),
  },
  {
    id: 'plus index',
    draw: () => ({
      name: 'plus index',
      after: 'with each item increased by its index',
      calls: '.map((n, i) => n + i)',
      value: (l) => l.map((n, i) => n + i),
    }),
  },
];

/** What a list of any numbers may be called. */
export const listNames: readonly string[] = ['list', 'list', 'items', 'array', 'queue'];

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
        ? [
            ...drawn,
            {
              name: map.name,
              after: map
                .many('')
                .replace(/^the /, 'turned into the ')
                .replace(/ of ( |$)/, ' of the items$1')
                .replace(/^, /, 'with '),
              calls: `.map((n) => ${map.code('n')})`,
              value: (l: number[]) => l.map(map.value),
            },
          ]
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
    ...ids.flatMap((first) =>
      ids.filter((second) => second !== first && !undone.has(`${first}|${second}`)).map((second) => chain([first, second])),
    ),
    ...ids.flatMap((id) => numberMapIds.map((map) => chain([id], map))),
  ],
};
