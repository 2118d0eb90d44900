import type { Json } from '../item.ts';
import type { Random } from '../random.ts';
import { pascal, quote } from './words.ts';

/** What is made of a list of numbers in the end. */
interface ReductionKind {
  id: string;
  constant?: [number, number];
  wordings: (np: string, k: string) => string[];
  name: (k: string) => string;
  /** Ends a chain of calls: `.reduce(...)`; empty for the list itself. */
  chain?: (k: string) => string;
  /** An expression over a list that needs a name of its own. */
  over?: (list: string) => string;
  value: (list: number[], k: number) => Json | undefined;
}

const sum = (list: number[]): number => list.reduce((total, n) => total + n, 0);
const separators: [string, string][] = [
  ['commas', ','],
  ['dashes', '-'],
  ['spaces', ' '],
  ['plus signs', '+'],
];

const kinds: ReductionKind[] = [
  { id: 'list', wordings: (np) => [`a list of ${np}`, np], name: () => 'list of', chain: () => '', value: (list) => list },
  {
    id: 'sum',
    wordings: (np) => [`the sum of ${np}`],
    name: () => 'sum of',
    chain: () => '.reduce((total, n) => total + n, 0)',
    value: sum,
  },
  {
    id: 'product',
    wordings: (np) => [`the product of ${np}`],
    name: () => 'product of',
    chain: () => '.reduce((product, n) => product * n, 1)',
    value: (list) => list.reduce((product, n) => product * n, 1),
  },
  {
    id: 'count',
    wordings: (np) => [`the number of ${np}`, `how many ${np} there are`],
    name: () => 'count of',
    chain: () => '.length',
    value: (list) => list.length,
  },
  {
    id: 'largest',
    wordings: (np) => [`the largest of ${np}`],
    name: () => 'largest of',
    over: (list) => `Math.max(...${list})`,
    value: (list) => Math.max(...list),
  },
  {
    id: 'smallest',
    wordings: (np) => [`the smallest of ${np}`],
    name: () => 'smallest of',
    over: (list) => `Math.min(...${list})`,
    value: (list) => Math.min(...list),
  },
  {
    id: 'average',
    wordings: (np) => [`the average of ${np}`],
    name: () => 'average of',
    over: (list) => `${list}.reduce((total, n) => total + n, 0) / ${list}.length`,
    value: (list) => sum(list) / list.length,
  },
  {
    id: 'spread',
    wordings: (np) => [`the difference between the largest and the smallest of ${np}`],
    name: () => 'spread of',
    over: (list) => `Math.max(...${list}) - Math.min(...${list})`,
    value: (list) => Math.max(...list) - Math.min(...list),
  },
  { id: 'first', wordings: (np) => [`the first of ${np}`], name: () => 'first of', chain: () => '.at(0)', value: (list) => list[0] },
  { id: 'last', wordings: (np) => [`the last of ${np}`], name: () => 'last of', chain: () => '.at(-1)', value: (list) => list.at(-1) },
  {
    id: 'reversed',
    wordings: (np) => [`${np}, in reverse order`],
    name: () => 'reversed',
    chain: () => '.reverse()',
    value: (list) => [...list].reverse(),
  },
  {
    id: 'ascending',
    wordings: (np) => [`${np}, sorted in ascending order`, `${np}, sorted from smallest to largest`],
    name: () => 'sorted',
    chain: () => '.sort((a, b) => a - b)',
    value: (list) => [...list].sort((a, b) => a - b),
  },
  {
    id: 'descending',
    wordings: (np) => [`${np}, sorted in descending order`, `${np}, sorted from largest to smallest`],
    name: () => 'descending',
    chain: () => '.sort((a, b) => b - a)',
    value: (list) => [...list].sort((a, b) => b - a),
  },
  {
    id: 'firstFew',
    constant: [2, 4],
    wordings: (np, k) => [`the first ${k} of ${np}`],
    name: (k) => `first ${k} of`,
    chain: (k) => `.slice(0, ${k})`,
    value: (list, k) => list.slice(0, k),
  },
  {
    id: 'lastFew',
    constant: [2, 4],
    wordings: (np, k) => [`the last ${k} of ${np}`],
    name: (k) => `last ${k} of`,
    chain: (k) => `.slice(-${k})`,
    value: (list, k) => list.slice(-k),
  },
  {
    id: 'top',
    constant: [2, 4],
    wordings: (np, k) => [`the ${k} largest of ${np}`],
    name: (k) => `top ${k} of`,
    chain: (k) => `.sort((a, b) => b - a).slice(0, ${k})`,
    value: (list, k) => [...list].sort((a, b) => b - a).slice(0, k),
  },
  ...separators.map(([name, separator]) => ({
    id: `joined ${name}`,
    wordings: (np: string) => [`${np}, joined with ${name}`],
    name: () => `joined with ${name}`,
    chain: () => `.join(${quote(separator)})`,
    value: (list: number[]) => list.join(separator),
  })),
];

/** What is made of a list of numbers in the end, with its constant chosen. */
export interface NumberReduction {
  id: string;
  name: string;
  /** Draws a wording: "the sum of {np}". */
  wording: (np: string) => string;
  /** The function's last lines, for the chain of calls before it: `numbers.filter(...)`. */
  body: (chain: string) => string[];
  value: (list: number[]) => Json | undefined;
}

export const numberReductionIds: readonly string[] = kinds.map((kind) => kind.id);

/** Those that give one number. */
export const singleNumberReductionIds: readonly string[] = ['sum', 'product', 'count', 'largest', 'smallest', 'average', 'spread'];

export function drawNumberReduction(id: string, random: Random): NumberReduction {
  const kind = kinds.find((candidate) => candidate.id === id);
  if (!kind) throw new Error(`There is no reduction of numbers called ${id}.`);
  const { chain, over } = kind;
  const k = kind.constant ? random.integer(kind.constant[0], kind.constant[1]) : 0;
  const text = String(k);
  return {
    id,
    name: pascal(kind.name(text)),
    wording: (np) => random.pick(kind.wordings(np, text)),
    body: (before) => {
      if (chain) return [`return ${before}${chain(text)};`];
      if (!over) throw new Error(`${id}: no code`);
      if (/^\w+$/.test(before)) return [`return ${over(before)};`];
      return [`const chosen = ${before};`, `return ${over('chosen')};`];
    },
    value: (list) => kind.value(list, k),
  };
}
