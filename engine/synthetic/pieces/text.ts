import type { Random } from '../random.ts';
import { pascal, quote } from './words.ts';

/** A text made from a text, by a chain of calls. */
export interface TextMap {
  id: string;
  name: string;
  /** After a noun: "in upper case". Several of these can follow each other. */
  after: () => string;
  /** The calls: `.toUpperCase()`. */
  calls: string;
  value: (text: string) => string;
}

const letters = 'abdeimnorst';

interface TextMapKind {
  id: string;
  draw: (random: Random) => { name: string; after: string[]; calls: string; value: (text: string) => string };
}

const kinds: TextMapKind[] = [
  { id: 'upper', draw: () => ({ name: 'upper', after: ['in upper case', 'in capital letters'], calls: '.toUpperCase()', value: (t) => t.toUpperCase() }) },
  { id: 'lower', draw: () => ({ name: 'lower', after: ['in lower case', 'in small letters'], calls: '.toLowerCase()', value: (t) => t.toLowerCase() }) },
  { id: 'trim', draw: () => ({ name: 'trimmed', after: ['without spaces at both ends', 'trimmed'], calls: '.trim()', value: (t) => t.trim() }) },
  {
    id: 'reverse',
    draw: () => ({ name: 'reversed', after: ['reversed', 'read backwards'], calls: ".split('').reverse().join('')", value: (t) => t.split('').reverse().join('') }),
  },
  {
    id: 'repeat',
    draw: (random) => {
      const k = random.integer(2, 5);
      return { name: `repeated ${k}`, after: [`repeated ${k} times`], calls: `.repeat(${k})`, value: (t) => t.repeat(k) };
    },
  },
  {
    id: 'start',
    draw: (random) => {
      const k = random.integer(2, 9);
      return { name: `start ${k}`, after: [`cut to its first ${k} characters`], calls: `.slice(0, ${k})`, value: (t) => t.slice(0, k) };
    },
  },
  {
    id: 'end',
    draw: (random) => {
      const k = random.integer(2, 9);
      return { name: `end ${k}`, after: [`cut to its last ${k} characters`], calls: `.slice(-${k})`, value: (t) => t.slice(-k) };
    },
  },
  {
    id: 'dropStart',
    draw: (random) => {
      const k = random.integer(1, 6);
      const what = k === 1 ? 'character' : `${k} characters`;
      return { name: `drop first ${k}`, after: [`without its first ${what}`], calls: `.slice(${k})`, value: (t) => t.slice(k) };
    },
  },
  {
    id: 'dropEnd',
    draw: (random) => {
      const k = random.integer(1, 6);
      const what = k === 1 ? 'character' : `${k} characters`;
      return { name: `drop last ${k}`, after: [`without its last ${what}`], calls: `.slice(0, -${k})`, value: (t) => t.slice(0, -k) };
    },
  },
  {
    id: 'replace',
    draw: (random) => {
      const [from, to] = random.shuffled(letters.split(''));
      const [a, b] = [from ?? 'a', to ?? 'o'];
      return {
        name: `${a} to ${b}`,
        after: [`with every ${quote(a)} replaced by ${quote(b)}`],
        calls: `.replaceAll(${quote(a)}, ${quote(b)})`,
        value: (t) => t.replaceAll(a, b),
      };
    },
  },
  {
    id: 'remove',
    draw: (random) => {
      const a = random.pick(letters.split(''));
      return { name: `without ${a}`, after: [`with every ${quote(a)} removed`], calls: `.replaceAll(${quote(a)}, '')`, value: (t) => t.replaceAll(a, '') };
    },
  },
  {
    id: 'spaces',
    draw: (random) => {
      const [name, mark] = random.pick<[string, string]>([
        ['dashes', '-'],
        ['underscores', '_'],
        ['dots', '.'],
      ]);
      return { name, after: [`with ${name} instead of spaces`], calls: `.replaceAll(' ', ${quote(mark)})`, value: (t) => t.replaceAll(' ', mark) };
    },
  },
  { id: 'noVowels', draw: () => ({ name: 'no vowels', after: ['without vowels'], calls: ".replace(/[aeiou]/gi, '')", value: (t) => t.replace(/[aeiou]/gi, '') }) },
  { id: 'noDigits', draw: () => ({ name: 'no digits', after: ['without digits'], calls: ".replace(/[0-9]/g, '')", value: (t) => t.replace(/[0-9]/g, '') }) },
  {
    id: 'padStart',
    draw: (random) => {
      const k = random.integer(6, 16);
      return { name: `pad start ${k}`, after: [`padded with '0' at the start to ${k} characters`], calls: `.padStart(${k}, '0')`, value: (t) => t.padStart(k, '0') };
    },
  },
  {
    id: 'padEnd',
    draw: (random) => {
      const k = random.integer(6, 16);
      return { name: `pad end ${k}`, after: [`padded with '.' at the end to ${k} characters`], calls: `.padEnd(${k}, '.')`, value: (t) => t.padEnd(k, '.') };
    },
  },
  {
    id: 'suffix',
    draw: (random) => {
      const mark = random.pick(['!', '?', '...', ';']);
      const name = { '!': 'exclaimed', '?': 'asked', '...': 'dotted', ';': 'ended' }[mark] ?? 'ended';
      return { name, after: [`followed by ${quote(mark)}`], calls: `.concat(${quote(mark)})`, value: (t) => t.concat(mark) };
    },
  },
];

export const textMapIds: readonly string[] = kinds.map((kind) => kind.id);

export function drawTextMap(id: string, random: Random): TextMap {
  const kind = kinds.find((candidate) => candidate.id === id);
  if (!kind) throw new Error(`There is no map on texts called ${id}.`);
  const { name, after, calls, value } = kind.draw(random);
  return { id, name: pascal(name), after: () => random.pick(after), calls, value };
}

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
}

interface TextConditionKind {
  id: string;
  draw: (random: Random) => { name: string; wordings: [singular: string, plural: string][]; code: (v: string) => string; holds: (text: string) => boolean };
}

const conditionKinds: TextConditionKind[] = [
  {
    id: 'longer',
    draw: (random) => {
      const k = random.integer(2, 9);
      const words = [`longer than ${k} characters`, `longer than ${k} letters`];
      return { name: `longer than ${k}`, wordings: words.map((w) => [`is ${w}`, `are ${w}`]), code: (v) => `${v}.length > ${k}`, holds: (t) => t.length > k };
    },
  },
  {
    id: 'shorter',
    draw: (random) => {
      const k = random.integer(3, 9);
      const words = [`shorter than ${k} characters`, `shorter than ${k} letters`];
      return { name: `shorter than ${k}`, wordings: words.map((w) => [`is ${w}`, `are ${w}`]), code: (v) => `${v}.length < ${k}`, holds: (t) => t.length < k };
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
    }),
  },
  {
    id: 'oddLength',
    draw: () => ({ name: 'odd length', wordings: [['has an odd length', 'have an odd length']], code: (v) => `${v}.length % 2 !== 0`, holds: (t) => t.length % 2 !== 0 }),
  },
  {
    id: 'starts',
    draw: (random) => {
      const a = random.pick(letters.split(''));
      return {
        name: `starting with ${a}`,
        wordings: [
          [`starts with ${quote(a)}`, `start with ${quote(a)}`],
          [`begins with ${quote(a)}`, `begin with ${quote(a)}`],
        ],
        code: (v) => `${v}.startsWith(${quote(a)})`,
        holds: (t) => t.startsWith(a),
      };
    },
  },
  {
    id: 'ends',
    draw: (random) => {
      const a = random.pick(letters.split(''));
      return {
        name: `ending with ${a}`,
        wordings: [
          [`ends with ${quote(a)}`, `end with ${quote(a)}`],
          [`ends in ${quote(a)}`, `end in ${quote(a)}`],
        ],
        code: (v) => `${v}.endsWith(${quote(a)})`,
        holds: (t) => t.endsWith(a),
      };
    },
  },
  {
    id: 'contains',
    draw: (random) => {
      const a = random.pick(letters.split(''));
      return {
        name: `with ${a}`,
        wordings: [[`contains ${quote(a)}`, `contain ${quote(a)}`]],
        code: (v) => `${v}.includes(${quote(a)})`,
        holds: (t) => t.includes(a),
      };
    },
  },
  {
    id: 'lacks',
    draw: (random) => {
      const a = random.pick(letters.split(''));
      return {
        name: `lacking ${a}`,
        wordings: [[`does not contain ${quote(a)}`, `do not contain ${quote(a)}`]],
        code: (v) => `!${v}.includes(${quote(a)})`,
        holds: (t) => !t.includes(a),
      };
    },
  },
];

export const textConditionIds: readonly string[] = conditionKinds.map((kind) => kind.id);

export function drawTextCondition(id: string, random: Random): TextCondition {
  const kind = conditionKinds.find((candidate) => candidate.id === id);
  if (!kind) throw new Error(`There is no condition on texts called ${id}.`);
  const { name, wordings, code, holds } = kind.draw(random);
  return { id, name: pascal(name), does: () => random.pick(wordings)[0], doThat: () => random.pick(wordings)[1], code, holds };
}

const starts = ['a', 'b', 'd', 'e', 'i', 'm', 'n', 'o', 'r', 's', 't'];
const vocabulary =
  'apple ant arena bread bird banana dog door drum eagle ear east island ink idea moon map mirror nest north needle orange owl onion river rain room stone sun star table tree train noon radar level data dad mom sees tenet sand bed end amber oboe ion rose tea toast';
const words = vocabulary.split(' ');

export const drawWord = (random: Random): string => random.pick(words);

/** Words of which some begin with, end in or lack each of the letters that conditions ask about. */
export const drawWords = (random: Random): string[] => Array.from({ length: random.integer(4, 7) }, () => drawWord(random));

/** A text in mixed case with spaces and now and then a digit. */
export function drawText(random: Random): string {
  const parts = Array.from({ length: random.integer(1, 3) }, () => {
    const word = random.chance(0.15) ? random.pick(starts) + drawWord(random) : drawWord(random);
    return random.chance(0.3) ? pascal(word) : word;
  });
  if (random.chance(0.3)) parts.push(String(random.integer(1, 99)));
  const text = parts.join(' ');
  return random.chance(0.2) ? ` ${text} ` : text;
}
