import { testing, type Family, type Structure } from '../item.ts';
import { drawText, drawTextCondition, drawTextMap, textConditionIds, textMapIds } from '../pieces/text.ts';
import { camel, pascal, quote } from '../pieces/words.ts';

const textNames = ['text', 'text', 'word', 'line', 'title', 'message'];

/** Pairs of steps that undo or repeat each other say nothing. */
const pointless = new Set(['upper|lower', 'lower|upper', 'spaces|trim', 'noVowels|noVowels', 'noDigits|noDigits', 'trim|trim', 'reverse|reverse', 'upper|upper', 'lower|lower']);

/** Two slices in a row are one slice, and look as they do on lists. */
const slices = new Set(['start', 'end', 'dropStart', 'dropEnd']);

/** "text reversed, and then in upper case": two or three steps, one call after the other. */
function steps(ids: readonly string[]): Structure {
  return {
    key: `text|${ids.join('|')}`,
    sketch: (random) => {
      const text = random.pick(textNames);
      const maps = ids.map((id) => drawTextMap(id, random));
      return {
        name: camel(random.pick(['', text]), ...maps.map((map) => map.name)),
        parameters: [text],
        describe: () => `${text} ${maps.map((map) => map.after()).join(', then ')}`,
        body: [`return ${text}${maps.map((map) => map.calls).join('')};`],
        test: testing(
          () => [drawText(random)],
          (value) => maps.reduce((result, map) => map.value(result), value),
        ),
      };
    },
  };
}

export const textSteps: Family = {
  id: 'text',
  weight: 3,
  compositional: true,
  structures: [
    ...textMapIds.map((id) => steps([id])),
    ...textMapIds.flatMap((first) =>
      textMapIds.filter((second) => second !== first && !pointless.has(`${first}|${second}`) && !(slices.has(first) && slices.has(second))).map((second) => steps([first, second])),
    ),
  ],
};

interface CharacterKind {
  id: string;
  plural: string;
  name: string;
  code: string;
  holds: (c: string) => boolean;
}

const characterKinds: CharacterKind[] = [
  { id: 'vowels', plural: 'vowels', name: 'vowels', code: "'aeiou'.includes(c)", holds: (c) => 'aeiou'.includes(c) },
  { id: 'nonVowels', plural: 'characters that are not vowels', name: 'non vowels', code: "!'aeiou'.includes(c)", holds: (c) => !'aeiou'.includes(c) },
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
  { id: 'dashed', name: 'dashed', of: (np) => `the ${np}, joined with dashes`, code: (chain) => `${chain}.join('-')`, value: (list) => list.join('-') },
  { id: 'backwards', name: 'backwards', of: (np) => `the ${np}, in reverse order`, code: (chain) => `${chain}.reverse().join('')`, value: (list) => [...list].reverse().join('') },
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

const beforeCharacters = ['none', 'upper', 'lower', 'trim', 'start', 'end', 'dropStart', 'dropEnd', 'replace', 'remove', 'reverse', 'repeat'];

export const characterFilters: Family = {
  id: 'characters',
  weight: 1.5,
  compositional: true,
  structures: characterKinds.flatMap((kind) =>
    beforeCharacters.flatMap((map) => characterResults.map((result) => characters(kind, map, result))),
  ),
};

/** "whether text starts with 'a' and is longer than 5 characters". */
function check(firstId: string, operator: '&&' | '||', secondId: string): Structure {
  const word = operator === '&&' ? 'and' : 'or';
  return {
    // The order of the two says nothing: both orders are one combination.
    key: `text check|${word}|${[firstId, secondId].sort().join('|')}`,
    sketch: (random) => {
      const text = random.pick(textNames);
      const first = drawTextCondition(firstId, random);
      const second = drawTextCondition(secondId, random);
      return {
        name: `${random.pick(['is', 'check'])}${first.name}${pascal(word)}${second.name}`,
        parameters: [text],
        describe: () => `whether ${text} ${first.does()} ${word} ${second.does()}`,
        body: [`return ${first.code(text)} ${operator} ${second.code(text)};`],
        test: testing(
          () => [drawText(random).trim().toLowerCase()],
          (value) => (operator === '&&' ? first.holds(value) && second.holds(value) : first.holds(value) || second.holds(value)),
        ),
      };
    },
  };
}

export const textChecks: Family = {
  id: 'text check',
  weight: 1.2,
  compositional: true,
  structures: textConditionIds.flatMap((first) =>
    textConditionIds.filter((second) => second !== first).flatMap((second) => [check(first, '&&', second), check(first, '||', second)]),
  ),
};

const joints: [string, string][] = [
  ['a dash', '-'],
  ['a comma', ','],
  ['a space', ' '],
  ['a colon', ':'],
  ['a slash', '/'],
  ['an at sign', '@'],
];
const textPairs: [string, string][] = [
  ['first', 'second'],
  ['name', 'city'],
  ['user', 'domain'],
  ['left', 'right'],
  ['given', 'family'],
];

/** "first in upper case and second reversed, joined with a dash". */
function template(leftId: string, jointIndex: number, rightId: string): Structure {
  return {
    key: `template|${leftId}|${jointIndex}|${rightId}`,
    sketch: (random) => {
      const [a, b] = random.pick(textPairs);
      const [jointName, mark] = joints[jointIndex] ?? ['a dash', '-'];
      const left = leftId === 'same' ? undefined : drawTextMap(leftId, random);
      const right = rightId === 'same' ? undefined : drawTextMap(rightId, random);
      return {
        name: camel(random.pick(['join', 'format', 'combine', 'label']), left?.name ?? '', a, right?.name ?? '', b),
        parameters: [a, b],
        describe: () => `${a}${left ? ` ${left.after()}` : ''} and ${b}${right ? ` ${right.after()}` : ''}, with ${jointName} between them`,
        body: [`return \`\${${a}${left?.calls ?? ''}}${mark}\${${b}${right?.calls ?? ''}}\`;`],
        test: testing(
          () => [drawText(random), drawText(random)],
          (x, y) => `${left?.value(x) ?? x}${mark}${right?.value(y) ?? y}`,
        ),
      };
    },
  };
}

const templateMaps = ['same', 'upper', 'lower', 'trim', 'reverse', 'repeat', 'start', 'end', 'dropStart', 'dropEnd', 'replace', 'remove'];

export const templates: Family = {
  id: 'template',
  weight: 1.5,
  compositional: true,
  structures: templateMaps.flatMap((left) => joints.flatMap((_, joint) => templateMaps.map((right) => template(left, joint, right)))),
};

/** "text in upper case if it starts with 'a', and text reversed otherwise". */
function textChoice(conditionId: string, thenId: string, elseId: string): Structure {
  return {
    key: `text choice|${conditionId}|${thenId}|${elseId}`,
    sketch: (random) => {
      const text = random.pick(textNames);
      const condition = drawTextCondition(conditionId, random);
      const yes = drawTextMap(thenId, random);
      const no = drawTextMap(elseId, random);
      return {
        name: camel(yes.name, 'if', condition.name, random.pick(['', 'or']), no.name),
        parameters: [text],
        describe: () => `${text} ${yes.after()} if it ${condition.does()}, and ${text} ${no.after()} otherwise`,
        body: [`return ${condition.code(text)} ? ${text}${yes.calls} : ${text}${no.calls};`],
        test: testing(
          () => [drawText(random).trim().toLowerCase()],
          (value) => (condition.holds(value) ? yes.value(value) : no.value(value)),
        ),
      };
    },
  };
}

export const textChoices: Family = {
  id: 'text choice',
  weight: 1.5,
  compositional: true,
  structures: textConditionIds.flatMap((condition) =>
    textMapIds.flatMap((yes) => textMapIds.filter((no) => no !== yes).map((no) => textChoice(condition, yes, no))),
  ),
};

export const greetings: Family = {
  id: 'greeting',
  weight: 0.4,
  compositional: false,
  structures: ['Hello', 'Good morning', 'Welcome', 'Goodbye', 'Thank you'].map((word) => ({
    key: `greeting|${word}`,
    sketch: (random) => {
      const name = random.pick(['name', 'user', 'guest']);
      const mark = random.pick(['!', '.']);
      return {
        name: camel('say', word),
        parameters: [name],
        describe: () => `${quote(`${word}, `)} followed by ${name} and ${quote(mark)}`,
        body: [`return \`${word}, \${${name}}${mark}\`;`],
        test: testing(
          () => [drawText(random).trim()],
          (value) => `${word}, ${value}${mark}`,
        ),
      };
    },
  })),
};
