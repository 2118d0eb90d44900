import { testing, type Family, type Structure } from '../item.ts';
import { drawTextMap } from '../pieces/text-maps.ts';
import { drawText } from '../pieces/text-samples.ts';
import { camel } from '../pieces/words.ts';
import { textNames } from './text-steps.ts';

interface CharacterKind {
  id: string;
  plural: string;
  name: string;
  code: string;
  holds: (c: string) => boolean;
}

const characterKinds: CharacterKind[] = [
  { id: 'vowels', plural: 'vowels', name: 'vowels', code: "'aeiou'.includes(c)", holds: (c) => 'aeiou'.includes(c) },
  {
    id: 'nonVowels',
    plural: 'characters that are not vowels',
    name: 'non vowels',
    code: "!'aeiou'.includes(c)",
    holds: (c) => !'aeiou'.includes(c),
  },
  { id: 'digits', plural: 'digits', name: 'digits', code: "c >= '0' && c <= '9'", holds: (c) => c >= '0' && c <= '9' },
  { id: 'small', plural: 'lower-case letters', name: 'small letters', code: "c >= 'a' && c <= 'z'", holds: (c) => c >= 'a' && c <= 'z' },
  { id: 'capital', plural: 'upper-case letters', name: 'capitals', code: "c >= 'A' && c <= 'Z'", holds: (c) => c >= 'A' && c <= 'Z' },
  { id: 'spaces', plural: 'spaces', name: 'spaces', code: "c === ' '", holds: (c) => c === ' ' },
  { id: 'nonSpaces', plural: 'characters that are not spaces', name: 'non spaces', code: "c !== ' '", holds: (c) => c !== ' ' },
];

interface CharacterResult {
  id: string;
  name: string;
  of: (np: string) => string;
  code: (chain: string) => string;
  value: (list: string[]) => string[] | string | number;
}

const characterResults: CharacterResult[] = [
  { id: 'count', name: 'count', of: (np) => `the number of ${np}`, code: (chain) => `${chain}.length`, value: (list) => list.length },
  { id: 'text', name: 'only', of: (np) => `only the ${np}`, code: (chain) => `${chain}.join('')`, value: (list) => list.join('') },
  { id: 'list', name: 'list of', of: (np) => `a list of the ${np}`, code: (chain) => chain, value: (list) => list },
  {
    id: 'dashed',
    name: 'dashed',
    of: (np) => `the ${np}, joined with dashes`,
    code: (chain) => `${chain}.join('-')`,
    value: (list) => list.join('-'),
  },
  {
    id: 'backwards',
    name: 'backwards',
    of: (np) => `the ${np}, in reverse order`,
    code: (chain) => `${chain}.reverse().join('')`,
    value: (list) => [...list].reverse().join(''),
  },
];

/** "the number of vowels in text in lower case". */
function characters(kind: CharacterKind, mapId: string, result: CharacterResult): Structure {
  return {
    key: `characters|${kind.id}|${mapId}|${result.id}`,
    sketch: (random) => {
      const text = random.pick(textNames);
      const map = mapId === 'none' ? undefined : drawTextMap(mapId, random);
      return {
        name: camel(result.name, kind.name, random.pick(['', 'in']), map?.name ?? text),
        parameters: [text],
        describe: () => result.of(`${kind.plural} in ${text}${map ? ` ${map.after()}` : ''}`),
        body: [`return ${result.code(`${text}${map?.calls ?? ''}.split('').filter((c) => ${kind.code})`)};`],
        test: testing(
          () => [drawText(random)],
          (value) => result.value((map ? map.value(value) : value).split('').filter(kind.holds)),
        ),
      };
    },
  };
}

const beforeCharacters = [
  'none',
  'upper',
  'lower',
  'trim',
  'start',
  'end',
  'dropStart',
  'dropEnd',
  'replace',
  'remove',
  'reverse',
  'repeat',
];

/** What the step before leaves nothing of, or does not touch. */
const lost = new Set([
  'vowels|upper',
  'small|upper',
  'capital|lower',
  'spaces|upper',
  'spaces|lower',
  'spaces|reverse',
  'spaces|replace',
  'spaces|remove',
  'digits|upper',
  'digits|lower',
  'digits|remove',
  'digits|replace',
]);

export const characterFilters: Family = {
  id: 'characters',
  weight: 1.5,
  compositional: true,
  structures: characterKinds.flatMap((kind) =>
    beforeCharacters
      .filter((map) => !lost.has(`${kind.id}|${map}`))
      .flatMap((map) =>
        (kind.id === 'spaces' ? characterResults.slice(0, 1) : characterResults).map((result) => characters(kind, map, result)),
      ),
  ),
};
