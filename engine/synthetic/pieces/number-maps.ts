import type { Random } from '../random.ts';
import { pascal } from './words.ts';

/** A number made from a number. */
interface MapKind {
  id: string;
  constant?: [number, number];
  /** Of one: "the square of n", or a participle after it: "n increased by 3". */
  one: (v: string, k: string) => string;
  /** Of many: "the squares of the numbers". */
  many: (np: string, k: string) => string;
  name: (k: string) => string;
  code: (v: string, k: string) => string;
  value: (n: number, k: number) => number;
}

const kinds: MapKind[] = [
  {
    id: 'square',
    one: (v) => `the square of ${v}`,
    many: (np) => `the squares of ${np}`,
    name: () => 'squares',
    code: (v) => `${v} * ${v}`,
    value: (n) => n * n,
  },
  {
    id: 'cube',
    one: (v) => `the cube of ${v}`,
    many: (np) => `the cubes of ${np}`,
    name: () => 'cubes',
    code: (v) => `${v} ** 3`,
    value: (n) => n ** 3,
  },
  {
    id: 'double',
    one: (v) => `the double of ${v}`,
    many: (np) => `the doubles of ${np}`,
    name: () => 'doubles',
    code: (v) => `${v} * 2`,
    value: (n) => n * 2,
  },
  {
    id: 'half',
    one: (v) => `half of ${v}`,
    many: (np) => `the halves of ${np}`,
    name: () => 'halves',
    code: (v) => `${v} / 2`,
    value: (n) => n / 2,
  },
  {
    id: 'negative',
    one: (v) => `the negative of ${v}`,
    many: (np) => `the negatives of ${np}`,
    name: () => 'negatives',
    code: (v) => `-${v}`,
    value: (n) => -n,
  },
  {
    id: 'absolute',
    one: (v) => `the absolute value of ${v}`,
    many: (np) => `the absolute values of ${np}`,
    name: () => 'absolute values',
    code: (v) => `Math.abs(${v})`,
    value: (n) => Math.abs(n),
  },
  {
    id: 'lastDigit',
    one: (v) => `the last digit of ${v}`,
    many: (np) => `the last digits of ${np}`,
    name: () => 'last digits',
    code: (v) => `Math.abs(${v}) % 10`,
    value: (n) => Math.abs(n) % 10,
  },
  {
    id: 'plus',
    constant: [1, 20],
    one: (v, k) => `${v} increased by ${k}`,
    many: (np, k) => `${np}, each increased by ${k}`,
    name: (k) => `plus ${k}`,
    code: (v, k) => `${v} + ${k}`,
    value: (n, k) => n + k,
  },
  {
    id: 'minus',
    constant: [1, 20],
    one: (v, k) => `${v} decreased by ${k}`,
    many: (np, k) => `${np}, each decreased by ${k}`,
    name: (k) => `minus ${k}`,
    code: (v, k) => `${v} - ${k}`,
    value: (n, k) => n - k,
  },
  {
    id: 'times',
    constant: [3, 12],
    one: (v, k) => `${v} multiplied by ${k}`,
    many: (np, k) => `${np}, each multiplied by ${k}`,
    name: (k) => `times ${k}`,
    code: (v, k) => `${v} * ${k}`,
    value: (n, k) => n * k,
  },
  {
    id: 'remainder',
    constant: [3, 12],
    one: (v, k) => `the remainder of ${v} after division by ${k}`,
    many: (np, k) => `the remainders of ${np} after division by ${k}`,
    name: (k) => `remainders ${k}`,
    code: (v, k) => `${v} % ${k}`,
    value: (n, k) => n % k,
  },
  {
    id: 'distance',
    constant: [2, 20],
    one: (v, k) => `the distance of ${v} from ${k}`,
    many: (np, k) => `the distances of ${np} from ${k}`,
    name: (k) => `distances from ${k}`,
    code: (v, k) => `Math.abs(${v} - ${k})`,
    value: (n, k) => Math.abs(n - k),
  },
];

/** A number made from a number, with its constant chosen. */
export interface NumberMap {
  id: string;
  /** For names: `Squares`, `Plus5`. */
  name: string;
  one: (v: string) => string;
  many: (np: string) => string;
  code: (v: string) => string;
  value: (n: number) => number;
}

export const numberMapIds: readonly string[] = kinds.map((kind) => kind.id);

/** Those that keep whole numbers whole and small, for loops and long products. */
export const wholeNumberMapIds: readonly string[] = numberMapIds.filter((id) => id !== 'half');

export function drawNumberMap(id: string, random: Random): NumberMap {
  const kind = kinds.find((candidate) => candidate.id === id);
  if (!kind) throw new Error(`There is no map on numbers called ${id}.`);
  const k = kind.constant ? random.integer(kind.constant[0], kind.constant[1]) : 0;
  const text = String(k);
  return {
    id,
    name: pascal(kind.name(text)),
    one: (v) => kind.one(v, text),
    many: (np) => kind.many(np, text),
    code: (v) => kind.code(v, text),
    value: (n) => kind.value(n, k),
  };
}
