import { type Random } from '../random.ts';
import { askedLetters } from './text-samples.ts';
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

interface TextMapKind {
  id: string;
  draw: (random: Random) => { name: string; after: string[]; calls: string; value: (text: string) => string };
}

const kinds: TextMapKind[] = [
  {
    id: 'upper',
    draw: () => ({ name: 'upper', after: ['in upper case', 'in capital letters'], calls: '.toUpperCase()', value: (t) => t.toUpperCase() }),
  },
  {
    id: 'lower',
    draw: () => ({ name: 'lower', after: ['in lower case', 'in small letters'], calls: '.toLowerCase()', value: (t) => t.toLowerCase() }),
  },
  {
    id: 'trim',
    draw: () => ({ name: 'trimmed', after: ['without spaces at both ends', 'trimmed'], calls: '.trim()', value: (t) => t.trim() }),
  },
  {
    id: 'reverse',
    draw: () => ({
      name: 'reversed',
      after: ['reversed', 'read backwards'],
      calls: ".split('').reverse().join('')",
      value: (t) => t.split('').reverse().join(''),
    }),
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
      const [from, to] = random.shuffled(askedLetters.split(''));
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
      const a = random.pick(askedLetters.split(''));
      return {
        name: `without ${a}`,
        after: [`with every ${quote(a)} removed`],
        calls: `.replaceAll(${quote(a)}, '')`,
        value: (t) => t.replaceAll(a, ''),
      };
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
      return {
        name,
        after: [`with ${name} instead of spaces`],
        calls: `.replaceAll(' ', ${quote(mark)})`,
        value: (t) => t.replaceAll(' ', mark),
      };
    },
  },
  {
    id: 'noVowels',
    draw: () => ({
      name: 'no vowels',
      after: ['without vowels'],
      calls: ".replace(/[aeiou]/gi, '')",
      value: (t) => t.replace(/[aeiou]/gi, ''),
    }),
  },
  {
    id: 'noDigits',
    draw: () => ({ name: 'no digits', after: ['without digits'], calls: ".replace(/[0-9]/g, '')", value: (t) => t.replace(/[0-9]/g, '') }),
  },
  {
    id: 'padStart',
    draw: (random) => {
      const k = random.integer(6, 16);
      return {
        name: `pad start ${k}`,
        after: [`padded with '0' at the start to ${k} characters`],
        calls: `.padStart(${k}, '0')`,
        value: (t) => t.padStart(k, '0'),
      };
    },
  },
  {
    id: 'padEnd',
    draw: (random) => {
      const k = random.integer(6, 16);
      return {
        name: `pad end ${k}`,
        after: [`padded with '.' at the end to ${k} characters`],
        calls: `.padEnd(${k}, '.')`,
        value: (t) => t.padEnd(k, '.'),
      };
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
