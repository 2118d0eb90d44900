import { testing, type Family, type Structure } from '../item.ts';
import { drawTextMap } from '../pieces/text-maps.ts';
import { drawText } from '../pieces/text-samples.ts';
import { camel, quote } from '../pieces/words.ts';

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
