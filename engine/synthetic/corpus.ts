import { drawItem, partOf } from './grammar.ts';
import type { Item } from './item.ts';
import { createRandom, type Random } from './random.ts';

/**
 * Source files and notes about functions, without end: the same seed gives the same documents. Nothing in them has the form
 * of a request and its answer, so a model trained on them writes code but does not know that it is asked for some.
 */
export function* corpusDocuments(seed: number): Generator<string, never> {
  const random = createRandom(seed);
  const learned = partOf('learned');
  for (;;) {
    const items: Item[] = [];
    const count = random.integer(1, 4);
    while (items.length < count) {
      const item = drawItem(learned, random);
      if (!items.some(({ name }) => name === item.name)) items.push(item);
    }
    yield random.weighted(documentKinds, ({ weight }) => weight).write(items, random);
  }
}

const documentKinds: { weight: number; write: (items: readonly Item[], random: Random) => string }[] = [
  { weight: 6, write: sourceFile },
  { weight: 2, write: reference },
  { weight: 1, write: outline },
];

/** A module: functions, nearly all with a comment above, some with assertions below. */
function sourceFile(items: readonly Item[], random: Random): string {
  const comment = random.pick(commentStyles);
  return items
    .map((item) => {
      const above = random.chance(0.92) ? comment(item, random) : '';
      const below = random.chance(0.15) ? assertions(item, random) : '';
      return `${above}${item.code}\n${below}`;
    })
    .join('\n');
}

const commentStyles: ((item: Item, random: Random) => string)[] = [
  (item, random) => `/**\n * Returns ${random.pick(item.descriptions)}.\n */\n`,
  (item, random) => `/** Returns ${random.pick(item.descriptions)}. */\n`,
  (item, random) => `/** Gives ${random.pick(item.descriptions)}. */\n`,
  (item, random) => `// ${sentenceCase(random.pick(item.descriptions))}.\n`,
  (item, random) => `// Returns ${random.pick(item.descriptions)}.\n`,
  (item, random) => `// ${signature(item)} returns ${random.pick(item.descriptions)}.\n`,
  (item, random) =>
    `/**\n * ${item.name}: returns ${random.pick(item.descriptions)}.\n${item.parameters.map((parameter) => ` * @param ${parameter}\n`).join('')} */\n`,
];

/** A page of a manual: what a function does, then its source. */
function reference(items: readonly Item[], random: Random): string {
  const style = random.pick([
    (item: Item, text: string) => `\`${signature(item)}\` returns ${text}.`,
    (item: Item, text: string) => `The function \`${signature(item)}\` returns ${text}.`,
    (item: Item, text: string) => `\`${item.name}\` takes ${list(item.parameters)} and returns ${text}.`,
    (item: Item, text: string) => `The function ${item.name} takes ${list(item.parameters)}. It returns ${text}.`,
  ]);
  const fenced = random.chance(0.4);
  return items
    .map((item) => `${style(item, random.pick(item.descriptions))}\n\n${fenced ? `\`\`\`js\n${item.code}\n\`\`\`\n` : `${item.code}\n`}`)
    .join('\n');
}

/** Code first and what it does after, or only the description. */
function outline(items: readonly Item[], random: Random): string {
  const withCode = random.chance(0.7);
  return items
    .map((item) => {
      const text = random.pick(item.descriptions);
      return withCode ? `${item.code}\n// ${item.name} returns ${text}.\n` : `- \`${signature(item)}\` returns ${text}.\n`;
    })
    .join(withCode ? '\n' : '');
}

function assertions(item: Item, random: Random): string {
  const short = item.tests.filter(({ args, expected }) => JSON.stringify([args, expected]).length <= 40);
  return short
    .slice(0, random.integer(1, 2))
    .map(({ args, expected }) => {
      const call = `${item.name}(${args.map(literal).join(', ')})`;
      return expected !== null && typeof expected === 'object'
        ? `console.assert(JSON.stringify(${call}) === ${literal(JSON.stringify(expected))});\n`
        : `console.assert(${call} === ${literal(expected)});\n`;
    })
    .join('');
}

/** JSON as a JavaScript literal in the style of the code: single quotes, a space after each comma. */
function literal(value: Item['tests'][number]['expected']): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{ ${Object.entries(value)
      .map(([key, entry]) => `${key}: ${literal(entry)}`)
      .join(', ')} }`;
  return String(value);
}

export const signature = (item: Item): string => `${item.name}(${item.parameters.join(', ')})`;

/** "a", "a and b", "a, b and c". */
export const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
