import type { Random } from '../random.ts';
import { pascal } from './words.ts';

/** A condition on one number, open in its constant `k`: a literal, or the name of a parameter. */
interface ConditionKind {
  id: string;
  /** Range of the constant; absent where there is none. */
  constant?: [number, number];
  /** What may stand before the noun: "even" in "the even numbers". */
  adjective?: string;
  /** Wordings after "is": "greater than 5". */
  wordings: (k: string) => string[];
  code: (v: string, k: string) => string;
  holds: (n: number, k: number) => boolean;
  /** Values near the border, so that tests tell this condition from its neighbours. */
  near: (k: number) => number[];
}

const kinds: ConditionKind[] = [
  {
    id: 'even',
    adjective: 'even',
    wordings: () => ['even'],
    code: (v) => `${v} % 2 === 0`,
    holds: (n) => n % 2 === 0,
    near: () => [2, 4, 8],
  },
  { id: 'odd', adjective: 'odd', wordings: () => ['odd'], code: (v) => `${v} % 2 !== 0`, holds: (n) => n % 2 !== 0, near: () => [3, 5, 9] },
  {
    id: 'positive',
    adjective: 'positive',
    wordings: () => ['positive'],
    code: (v) => `${v} > 0`,
    holds: (n) => n > 0,
    near: () => [0, 1, 6],
  },
  {
    id: 'negative',
    adjective: 'negative',
    wordings: () => ['negative'],
    code: (v) => `${v} < 0`,
    holds: (n) => n < 0,
    near: () => [-1, 0, -4],
  },
  {
    id: 'nonZero',
    adjective: 'non-zero',
    wordings: () => ['not zero'],
    code: (v) => `${v} !== 0`,
    holds: (n) => n !== 0,
    near: () => [0, 0, 3],
  },
  {
    id: 'greater',
    constant: [2, 30],
    wordings: (k) => [`greater than ${k}`, `above ${k}`],
    code: (v, k) => `${v} > ${k}`,
    holds: (n, k) => n > k,
    near: (k) => [k, k + 1, k + 5],
  },
  {
    id: 'less',
    constant: [3, 30],
    wordings: (k) => [`less than ${k}`, `below ${k}`],
    code: (v, k) => `${v} < ${k}`,
    holds: (n, k) => n < k,
    near: (k) => [k, k - 1, k + 4],
  },
  {
    id: 'atLeast',
    constant: [2, 30],
    wordings: (k) => [`at least ${k}`],
    code: (v, k) => `${v} >= ${k}`,
    holds: (n, k) => n >= k,
    near: (k) => [k, k - 1, k + 3],
  },
  {
    id: 'atMost',
    constant: [3, 30],
    wordings: (k) => [`at most ${k}`],
    code: (v, k) => `${v} <= ${k}`,
    holds: (n, k) => n <= k,
    near: (k) => [k, k + 1, k - 2],
  },
  {
    id: 'divisible',
    constant: [3, 12],
    wordings: (k) => [`divisible by ${k}`, `a multiple of ${k}`],
    code: (v, k) => `${v} % ${k} === 0`,
    holds: (n, k) => n % k === 0,
    near: (k) => [k, 2 * k, 3 * k, k + 1],
  },
  {
    id: 'indivisible',
    constant: [3, 12],
    wordings: (k) => [`not divisible by ${k}`],
    code: (v, k) => `${v} % ${k} !== 0`,
    holds: (n, k) => n % k !== 0,
    near: (k) => [k, 2 * k, k - 1],
  },
  {
    id: 'different',
    constant: [1, 12],
    wordings: (k) => [`different from ${k}`, `not equal to ${k}`],
    code: (v, k) => `${v} !== ${k}`,
    holds: (n, k) => n !== k,
    near: (k) => [k, k, k + 1],
  },
];

/** Two constants, so it cannot be asked with a parameter. */
const between = {
  id: 'between',
  draw: (random: Random): NumberCondition => {
    const low = random.integer(2, 9);
    const high = low + random.integer(3, 20);
    return {
      id: 'between',
      name: pascal(`between ${low} and ${high}`),
      is: () => `between ${low} and ${high}`,
      code: (v) => `${v} >= ${low} && ${v} <= ${high}`,
      holds: (n) => n >= low && n <= high,
      near: [low, high, low - 1, high + 1],
    };
  },
};

/** A condition on one number, with its constant chosen. */
export interface NumberCondition {
  id: string;
  /** For names: `GreaterThan5`. */
  name: string;
  adjective?: string;
  /** A wording to stand after "is". */
  is: () => string;
  /** The test on the expression `v`, with operators no looser than `&&`. */
  code: (v: string) => string;
  holds: (n: number) => boolean;
  near: number[];
}

export const numberConditionIds: readonly string[] = [...kinds.map((kind) => kind.id), between.id];

function kindOf(id: string): ConditionKind {
  const kind = kinds.find((candidate) => candidate.id === id);
  if (!kind) throw new Error(`There is no condition on numbers called ${id}.`);
  return kind;
}

/** Draws the constant of a condition; a smaller `largest` keeps it within what the values can reach. */
export function drawNumberCondition(id: string, random: Random, largest = Infinity): NumberCondition {
  if (id === between.id) return between.draw(random);
  const kind = kindOf(id);
  const k = kind.constant ? random.integer(kind.constant[0], Math.min(kind.constant[1], largest)) : 0;
  return {
    id,
    name: pascal(kind.wordings(String(k))[0] ?? id),
    adjective: kind.adjective,
    is: () => random.pick(kind.wordings(String(k))),
    code: (v) => kind.code(v, String(k)),
    holds: (n) => kind.holds(n, k),
    near: kind.near(k),
  };
}

/** A condition whose constant is a parameter of the function, and so changes from call to call. */
export interface OpenNumberCondition {
  name: string;
  is: () => string;
  code: (v: string) => string;
  holds: (n: number, k: number) => boolean;
  constant: () => number;
  near: (k: number) => number[];
}

export const openNumberConditionIds: readonly string[] = kinds.filter((kind) => kind.constant).map((kind) => kind.id);

export function openNumberCondition(id: string, parameter: string, random: Random): OpenNumberCondition {
  const kind = kindOf(id);
  const [low, high] = kind.constant ?? [1, 9];
  return {
    name: pascal(kind.wordings(parameter)[0] ?? id),
    is: () => random.pick(kind.wordings(parameter)),
    code: (v) => kind.code(v, parameter),
    holds: kind.holds,
    constant: () => random.integer(low, Math.min(high, 12)),
    near: kind.near,
  };
}

/** "even numbers", "numbers that are greater than 5". */
export function whichAre(condition: { adjective?: string; is: () => string }, plural: string, random: Random): string {
  if (condition.adjective !== undefined && random.chance(0.85)) return `${condition.adjective} ${plural}`;
  return `${plural} that are ${condition.is().replace(/^a multiple/, 'multiples')}`;
}

/** A list of whole numbers, small or larger ones, of which some lie near the border of a condition. */
export function drawNumbers(random: Random, near: readonly number[] = []): number[] {
  const length = random.integer(4, 7);
  const largest = random.pick([9, 20, 60]);
  return Array.from({ length }, () =>
    near.length > 0 && random.chance(0.4) ? random.pick(near) : random.integer(-Math.ceil(largest / 2), largest),
  );
}
