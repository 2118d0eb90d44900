import { testing, type Family, type Json, type Structure } from '../item.ts';
import { drawTextCondition, textConditionIds, type TextCondition } from '../pieces/text-conditions.ts';
import { drawWords } from '../pieces/text-samples.ts';
import { camel, quote } from '../pieces/words.ts';
import type { Random } from '../random.ts';

interface WordMap {
  id: string;
  many: (np: string) => string;
  name: string;
  code: string;
  value: (w: string) => string | number;
  numeric?: boolean;
}

const wordMaps: WordMap[] = [
  { id: 'lengths', many: (np) => `the lengths of ${np}`, name: 'lengths of', code: 'w.length', value: (w) => w.length, numeric: true },
  { id: 'upper', many: (np) => `${np}, in upper case`, name: 'upper', code: 'w.toUpperCase()', value: (w) => w.toUpperCase() },
  {
    id: 'reversed',
    many: (np) => `${np}, each reversed`,
    name: 'reversed',
    code: "w.split('').reverse().join('')",
    value: (w) => w.split('').reverse().join(''),
  },
  { id: 'firsts', many: (np) => `the first letters of ${np}`, name: 'first letters of', code: 'w.charAt(0)', value: (w) => w.charAt(0) },
  { id: 'lasts', many: (np) => `the last letters of ${np}`, name: 'last letters of', code: 'w.slice(-1)', value: (w) => w.slice(-1) },
  { id: 'doubled', many: (np) => `${np}, each written twice`, name: 'doubled', code: 'w.repeat(2)', value: (w) => w.repeat(2) },
  { id: 'quoted', many: (np) => `${np}, each in quotes`, name: 'quoted', code: "`'${w}'`", value: (w) => `'${w}'` },
  { id: 'exclaimed', many: (np) => `${np}, each followed by '!'`, name: 'exclaimed', code: '`${w}!`', value: (w) => `${w}!` },
  { id: 'headless', many: (np) => `${np}, each without its first letter`, name: 'headless', code: 'w.slice(1)', value: (w) => w.slice(1) },
  { id: 'starts', many: (np) => `the first three letters of ${np}`, name: 'starts of', code: 'w.slice(0, 3)', value: (w) => w.slice(0, 3) },
];

interface WordReduction {
  id: string;
  of: (np: string) => string;
  name: string;
  chain: string;
  value: (list: (string | number)[]) => Json | undefined;
  only?: 'numbers' | 'texts';
}

const total = (list: (string | number)[]): number => list.reduce<number>((sum, n) => sum + Number(n), 0);
const byNumber = (a: string | number, b: string | number): number => Number(a) - Number(b);

const joined = (name: string, separator: string): WordReduction => ({
  id: `joined ${name}`,
  of: (np) => `${np}, joined with ${name}`,
  name: `join with ${name}`,
  chain: `.join(${quote(separator)})`,
  value: (list) => list.join(separator),
});

const wordReductions: WordReduction[] = [
  { id: 'list', of: (np) => np, name: 'list of', chain: '', value: (list) => list },
  { id: 'count', of: (np) => np.replace(/^the /, 'the number of '), name: 'count', chain: '.length', value: (list) => list.length },
  { id: 'first', of: (np) => `the first of ${np}`, name: 'first of', chain: '.at(0)', value: (list) => list[0] },
  { id: 'last', of: (np) => `the last of ${np}`, name: 'last of', chain: '.at(-1)', value: (list) => list.at(-1) },
  { id: 'reversed', of: (np) => `${np}, in reverse order`, name: 'backwards', chain: '.reverse()', value: (list) => [...list].reverse() },
  {
    id: 'sorted',
    of: (np) => `${np}, in alphabetical order`,
    name: 'sorted',
    chain: '.sort()',
    value: (list) => [...list].sort(),
    only: 'texts',
  },
  joined('commas', ','),
  joined('dashes', '-'),
  joined('spaces', ' '),
  joined('slashes', '/'),
  { id: 'sum', of: (np) => `the sum of ${np}`, name: 'total', chain: '.reduce((total, n) => total + n, 0)', value: total, only: 'numbers' },
  {
    id: 'ascending',
    of: (np) => `${np}, sorted in ascending order`,
    name: 'sorted',
    chain: '.sort((a, b) => a - b)',
    value: (list) => [...list].sort(byNumber),
    only: 'numbers',
  },
  {
    id: 'descending',
    of: (np) => `${np}, sorted in descending order`,
    name: 'descending',
    chain: '.sort((a, b) => b - a)',
    value: (list) => [...list].sort(byNumber).reverse(),
    only: 'numbers',
  },
];

interface Source {
  id: string;
  parameters: readonly string[];
  plural: (parameter: string) => string;
  /** The list of words as an expression. */
  list: (parameter: string) => string;
  /** The same where the list will be sorted or reversed in place. */
  copy: (parameter: string) => string;
}

const wordList: Source = {
  id: 'words',
  parameters: ['words', 'names', 'items', 'tags'],
  plural: (parameter) => parameter,
  list: (p) => p,
  copy: (p) => `[...${p}]`,
};
const sentence: Source = {
  id: 'sentence',
  parameters: ['sentence', 'text', 'line'],
  plural: (parameter) => `words of ${parameter}`,
  list: (p) => `${p}.split(' ')`,
  copy: (p) => `${p}.split(' ')`,
};

function pipeline(source: Source, conditionId: string, map: WordMap | undefined, reduction: WordReduction): Structure {
  return {
    key: `${source.id}|${conditionId}|${map?.id ?? 'none'}|${reduction.id}`,
    sketch: (random: Random) => {
      const parameter = random.pick(source.parameters);
      const condition: TextCondition | undefined = conditionId === 'none' ? undefined : drawTextCondition(conditionId, random);
      const calls = `${condition ? `.filter((w) => ${condition.code('w')})` : ''}${map ? `.map((w) => ${map.code})` : ''}`;
      const start = calls === '' && /sort|reverse/.test(reduction.chain) ? source.copy(parameter) : source.list(parameter);
      const value = (list: string[]): Json | undefined => {
        const chosen = condition ? list.filter(condition.holds) : list;
        return reduction.value(map ? chosen.map(map.value) : chosen);
      };
      return {
        name: camel(reduction.name, map?.name ?? '', source === sentence ? 'words' : parameter, condition?.name ?? ''),
        parameters: [parameter],
        describe: () => {
          const chosen = `the ${source.plural(parameter)}${condition ? ` that ${condition.doThat()}` : ''}`;
          return reduction.of(map ? map.many(chosen) : chosen);
        },
        body: [`return ${start}${calls}${reduction.chain};`],
        test:
          source === sentence
            ? testing(
                () => [drawWords(random, condition).join(' ')],
                (text) => value(text.split(' ')),
              )
            : testing(
                () => [drawWords(random, condition)],
                (list) => value(list),
              ),
      };
    },
  };
}

/** The condition already says what the map would give. */
const settled = new Set(['starts|firsts', 'ends|lasts', 'length|lengths']);

const structuresOf = (source: Source): Structure[] =>
  ['none', ...textConditionIds].flatMap((condition) =>
    [undefined, ...wordMaps.filter(({ id }) => !settled.has(`${condition}|${id}`))].flatMap((map) =>
      wordReductions
        .filter((reduction) => !reduction.only || (reduction.only === 'numbers') === (map?.numeric ?? false))
        .filter((reduction) => !(reduction.id === 'count' && map))
        .filter(
          (reduction) => !(source === wordList && condition === 'none' && !map && (reduction.id === 'list' || reduction.id === 'count')),
        )
        .map((reduction) => pipeline(source, condition, map, reduction)),
    ),
  );

export const wordPipelines: Family = { id: 'words', weight: 3, compositional: true, structures: structuresOf(wordList) };
export const sentencePipelines: Family = { id: 'sentence', weight: 2, compositional: true, structures: structuresOf(sentence) };
