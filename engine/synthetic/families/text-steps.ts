import { testing, type Family, type Structure } from '../item.ts';
import { drawTextMap, textMapIds } from '../pieces/text-maps.ts';
import { drawText } from '../pieces/text-samples.ts';
import { camel } from '../pieces/words.ts';

/** What a text may be called, as a parameter and in its description. */
export const textNames: readonly string[] = ['text', 'text', 'word', 'line', 'title', 'message'];

/** Pairs of steps that undo or repeat each other say nothing. */
const pointless = new Set([
  'upper|lower',
  'lower|upper',
  'spaces|trim',
  'noVowels|noVowels',
  'noDigits|noDigits',
  'trim|trim',
  'reverse|reverse',
  'upper|upper',
  'lower|lower',
]);

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
      textMapIds
        .filter((second) => second !== first && !pointless.has(`${first}|${second}`) && !(slices.has(first) && slices.has(second)))
        .map((second) => steps([first, second])),
    ),
  ],
};
