import { testing, type Family, type Json, type Structure } from '../item.ts';
import { drawNumberCondition, numberConditionIds } from '../pieces/number-conditions.ts';
import { drawWord } from '../pieces/text-samples.ts';
import { camel } from '../pieces/words.ts';

type Entry = { [key: string]: number | string };

const tables: { list: string; one: string; text: string; numbers: [string, string] }[] = [
  { list: 'people', one: 'p', text: 'name', numbers: ['age', 'height'] },
  { list: 'products', one: 'p', text: 'title', numbers: ['price', 'stock'] },
  { list: 'books', one: 'b', text: 'title', numbers: ['pages', 'year'] },
  { list: 'players', one: 'p', text: 'name', numbers: ['score', 'level'] },
  { list: 'orders', one: 'o', text: 'city', numbers: ['total', 'weight'] },
  { list: 'rooms', one: 'r', text: 'name', numbers: ['seats', 'floor'] },
];

interface Output {
  id: string;
  of: (np: string, table: { text: string; other: string }) => string;
  name: (table: { text: string; other: string }) => string;
  calls: (one: string, table: { text: string; other: string }) => string;
  value: (list: Entry[], table: { text: string; other: string }) => Json | undefined;
}

const number = (value: number | string | undefined): number => Number(value);

const outputs: Output[] = [
  {
    id: 'texts',
    of: (np, t) => `the ${t.text}s of ${np}`,
    name: (t) => `${t.text}s of`,
    calls: (v, t) => `.map((${v}) => ${v}.${t.text})`,
    value: (l, t) => l.map((e) => e[t.text] ?? ''),
  },
  {
    id: 'joined',
    of: (np, t) => `the ${t.text}s of ${np}, joined with commas`,
    name: (t) => `join ${t.text}s of`,
    calls: (v, t) => `.map((${v}) => ${v}.${t.text}).join(',')`,
    value: (l, t) => l.map((e) => e[t.text]).join(','),
  },
  { id: 'count', of: (np) => np.replace(/^the /, 'the number of '), name: () => 'count', calls: () => '.length', value: (l) => l.length },
  {
    id: 'sum',
    of: (np, t) => `the sum of the ${t.other} of ${np}`,
    name: (t) => `total ${t.other} of`,
    calls: (v, t) => `.reduce((total, ${v}) => total + ${v}.${t.other}, 0)`,
    value: (l, t) => l.reduce((sum, e) => sum + number(e[t.other]), 0),
  },
  {
    id: 'others',
    of: (np, t) => `a list of the ${t.other} of ${np}`,
    name: (t) => `list ${t.other} of`,
    calls: (v, t) => `.map((${v}) => ${v}.${t.other})`,
    value: (l, t) => l.map((e) => e[t.other] ?? 0),
  },
  {
    id: 'first',
    of: (np, t) => `the ${t.text} of the first of ${np}`,
    name: (t) => `first ${t.text} of`,
    calls: (_, t) => `.at(0).${t.text}`,
    value: (l, t) => l[0]?.[t.text],
  },
  {
    id: 'last',
    of: (np, t) => `the ${t.text} of the last of ${np}`,
    name: (t) => `last ${t.text} of`,
    calls: (_, t) => `.at(-1).${t.text}`,
    value: (l, t) => l.at(-1)?.[t.text],
  },
  {
    id: 'sorted',
    of: (np, t) => `the ${t.text}s of ${np}, sorted by ${t.other}`,
    name: (t) => `${t.text}s by ${t.other} of`,
    calls: (v, t) => `.sort((a, b) => a.${t.other} - b.${t.other}).map((${v}) => ${v}.${t.text})`,
    value: (l, t) => [...l].sort((a, b) => number(a[t.other]) - number(b[t.other])).map((e) => e[t.text] ?? ''),
  },
];

/** "the names of the people whose age is greater than 30". */
function query(conditionId: string, output: Output): Structure {
  return {
    key: `records|${conditionId}|${output.id}`,
    sketch: (random) => {
      const table = random.pick(tables);
      const [field, other] = random.chance(0.5) ? table.numbers : ([table.numbers[1], table.numbers[0]] as const);
      const condition = drawNumberCondition(conditionId, random);
      const fields = { text: table.text, other };
      return {
        name: camel(output.name(fields), table.list, 'with', field, condition.name),
        parameters: [table.list],
        describe: () => output.of(`the ${table.list} whose ${field} is ${condition.is()}`, fields),
        body: [
          `return ${table.list}.filter((${table.one}) => ${condition.code(`${table.one}.${field}`)})${output.calls(table.one, fields)};`,
        ],
        test: testing(
          () => [
            Array.from({ length: random.integer(3, 5) }, (): Entry => ({
              [table.text]: drawWord(random),
              [field]: random.chance(0.6) ? random.pick(condition.near) : random.integer(-9, 40),
              [other]: random.integer(1, 60),
            })),
          ],
          (entries) =>
            output.value(
              entries.filter((entry) => condition.holds(number(entry[field]))),
              fields,
            ),
        ),
      };
    },
  };
}

export const records: Family = {
  id: 'records',
  weight: 2,
  compositional: true,
  structures: numberConditionIds.flatMap((condition) => outputs.map((output) => query(condition, output))),
};

const views: {
  id: string;
  of: (object: string, which: string) => string;
  name: string;
  code: (object: string, condition: (v: string) => string) => string;
  value: (entries: [string, number][]) => Json;
}[] = [
  {
    id: 'keys',
    of: (o, which) => `the keys of ${o} whose value is ${which}`,
    name: 'keys with',
    code: (o, c) => `Object.keys(${o}).filter((key) => ${c(`${o}[key]`)})`,
    value: (l) => l.map(([key]) => key),
  },
  {
    id: 'values',
    of: (o, which) => `the values of ${o}, each of which is ${which}`,
    name: 'values',
    code: (o, c) => `Object.values(${o}).filter((n) => ${c('n')})`,
    value: (l) => l.map(([, n]) => n),
  },
  {
    id: 'count',
    of: (o, which) => `the number of keys of ${o} whose value is ${which}`,
    name: 'count',
    code: (o, c) => `Object.values(${o}).filter((n) => ${c('n')}).length`,
    value: (l) => l.length,
  },
  {
    id: 'sum',
    of: (o, which) => `the sum of the values of ${o}, each of which is ${which}`,
    name: 'sum',
    code: (o, c) => `Object.values(${o}).filter((n) => ${c('n')}).reduce((total, n) => total + n, 0)`,
    value: (l) => l.reduce((sum, [, n]) => sum + n, 0),
  },
  {
    id: 'object',
    of: (o, which) => `an object with the entries of ${o} whose value is ${which}`,
    name: 'pick',
    code: (o, c) => `Object.fromEntries(Object.entries(${o}).filter(([key, n]) => ${c('n')}))`,
    value: (l) => Object.fromEntries(l),
  },
  {
    id: 'text',
    of: (o, which) => `the keys of ${o} whose value is ${which}, joined with commas`,
    name: 'join keys',
    code: (o, c) => `Object.keys(${o}).filter((key) => ${c(`${o}[key]`)}).join(',')`,
    value: (l) => l.map(([key]) => key).join(','),
  },
];

/** "the keys of stock whose value is less than 5". */
function view(kindIndex: number, conditionId: string): Structure {
  const kind = views[kindIndex];
  if (!kind) throw new Error('There is no such view.');
  return {
    key: `object|${kind.id}|${conditionId}`,
    sketch: (random) => {
      const object = random.pick(['stock', 'scores', 'prices', 'counts', 'ages']);
      const condition = drawNumberCondition(conditionId, random);
      return {
        name: camel(kind.name, condition.name, random.pick(['', object])),
        parameters: [object],
        describe: () => kind.of(object, condition.is()),
        body: [`return ${kind.code(object, condition.code)};`],
        test: testing(
          () => [
            Object.fromEntries(
              Array.from({ length: random.integer(4, 6) }, () => [
                drawWord(random),
                random.chance(0.6) ? random.pick(condition.near) : random.integer(-9, 30),
              ]),
            ),
          ],
          (entries) => kind.value(Object.entries(entries).filter(([, n]) => condition.holds(n))),
        ),
      };
    },
  };
}

export const objectViews: Family = {
  id: 'object',
  weight: 1.2,
  compositional: true,
  structures: views.flatMap((_, kind) => numberConditionIds.map((condition) => view(kind, condition))),
};
