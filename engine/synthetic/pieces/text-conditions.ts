import { type Random } from '../random.ts';
import { askedLetters } from './text-samples.ts';
import { pascal, quote } from './words.ts';

/** A condition on one text. */
export interface TextCondition {
  id: string;
  name: string;
  /** "starts with 'a'", after a singular noun. */
  does: () => string;
  /** "start with 'a'", after "that" and a plural noun. */
  doThat: () => string;
  code: (v: string) => string;
  holds: (text: string) => boolean;
  /** A text like the given one for which the condition is likely to hold. */
  toward: (text: string) => string;
}

interface TextConditionKind {
  id: string;
  draw: (random: Random) => {
    name: string;
    wordings: [singular: string, plural: string][];
    code: (v: string) => string;
    holds: (text: string) => boolean;
    toward: (text: string) => string;
  };
}

const conditionKinds: TextConditionKind[] = [
  {
    id: 'longer',
    draw: (random) => {
      const k = random.integer(2, 8);
      const words = [`longer than ${k} characters`, `longer than ${k} letters`];
      return {
        name: `longer than ${k}`,
        wordings: words.map((w) => [`is ${w}`, `are ${w}`]),
        code: (v) => `${v}.length > ${k}`,
        holds: (t) => t.length > k,
        toward: (t) => t.padEnd(k + 1, 'n'),
      };
    },
  },
  {
    id: 'shorter',
    draw: (random) => {
      const k = random.integer(3, 9);
      const words = [`shorter than ${k} characters`, `shorter than ${k} letters`];
      return {
        name: `shorter than ${k}`,
        wordings: words.map((w) => [`is ${w}`, `are ${w}`]),
        code: (v) => `${v}.length < ${k}`,
        holds: (t) => t.length < k,
        toward: (t) => t.slice(0, Math.max(1, Math.min(k - 1, t.length - 2))),
      };
    },
  },
  {
    id: 'length',
    draw: (random) => {
      const k = random.integer(3, 8);
      return {
        name: `of length ${k}`,
        wordings: [[`has exactly ${k} characters`, `have exactly ${k} characters`]],
        code: (v) => `${v}.length === ${k}`,
        holds: (t) => t.length === k,
        toward: (t) => t.slice(0, k).padEnd(k, 's'),
      };
    },
  },
  {
    id: 'evenLength',
    draw: () => ({
      name: 'even length',
      wordings: [['has an even length', 'have an even length']],
      code: (v) => `${v}.length % 2 === 0`,
      holds: (t) => t.length % 2 === 0,
      toward: (t) => (t.length % 2 === 0 ? t : `${t}s`),
    }),
  },
  {
    id: 'oddLength',
    draw: () => ({
      name: 'odd length',
      wordings: [['has an odd length', 'have an odd length']],
      code: (v) => `${v}.length % 2 !== 0`,
      holds: (t) => t.length % 2 !== 0,
      toward: (t) => (t.length % 2 === 0 ? `${t}s` : t),
    }),
  },
  {
    id: 'starts',
    draw: (random) => {
      const a = random.pick(askedLetters.split(''));
      return {
        name: `starting with ${a}`,
        wordings: [
          [`starts with ${quote(a)}`, `start with ${quote(a)}`],
          [`begins with ${quote(a)}`, `begin with ${quote(a)}`],
        ],
        code: (v) => `${v}.startsWith(${quote(a)})`,
        holds: (t) => t.startsWith(a),
        toward: (t) => a + t.slice(1),
      };
    },
  },
  {
    id: 'ends',
    draw: (random) => {
      const a = random.pick(askedLetters.split(''));
      return {
        name: `ending with ${a}`,
        wordings: [
          [`ends with ${quote(a)}`, `end with ${quote(a)}`],
          [`ends in ${quote(a)}`, `end in ${quote(a)}`],
        ],
        code: (v) => `${v}.endsWith(${quote(a)})`,
        holds: (t) => t.endsWith(a),
        toward: (t) => t.slice(0, -1) + a,
      };
    },
  },
  {
    id: 'contains',
    draw: (random) => {
      const a = random.pick(askedLetters.split(''));
      return {
        name: `with ${a}`,
        wordings: [[`contains ${quote(a)}`, `contain ${quote(a)}`]],
        code: (v) => `${v}.includes(${quote(a)})`,
        holds: (t) => t.includes(a),
        toward: (t) => t.slice(0, 1) + a + t.slice(2),
      };
    },
  },
  {
    id: 'lacks',
    draw: (random) => {
      const a = random.pick(askedLetters.split(''));
      return {
        name: `lacking ${a}`,
        wordings: [[`does not contain ${quote(a)}`, `do not contain ${quote(a)}`]],
        code: (v) => `!${v}.includes(${quote(a)})`,
        holds: (t) => !t.includes(a),
        toward: (t) => t.replaceAll(a, 'u'),
      };
    },
  },
];

export const textConditionIds: readonly string[] = conditionKinds.map((kind) => kind.id);

export function drawTextCondition(id: string, random: Random): TextCondition {
  const kind = conditionKinds.find((candidate) => candidate.id === id);
  if (!kind) throw new Error(`There is no condition on texts called ${id}.`);
  const { name, wordings, code, holds, toward } = kind.draw(random);
  return { id, name: pascal(name), does: () => random.pick(wordings)[0], doThat: () => random.pick(wordings)[1], code, holds, toward };
}
