import { testing, type Family, type Sketch } from '../item.ts';
import { camel } from '../pieces/words.ts';
import { type Random } from '../random.ts';

/** Two unit names and the factor between them. */
const units: [from: string, to: string, factor: number][] = [
  ['hours', 'minutes', 60],
  ['minutes', 'seconds', 60],
  ['days', 'hours', 24],
  ['weeks', 'days', 7],
  ['years', 'months', 12],
  ['meters', 'centimeters', 100],
  ['kilometers', 'meters', 1000],
  ['kilograms', 'grams', 1000],
  ['dozens', 'pieces', 12],
];

export const conversions: Family = {
  id: 'conversion',
  weight: 0.6,
  compositional: false,
  structures: units.flatMap(([from, to, factor]) => [
    {
      key: `conversion|${from}|${to}`,
      sketch: (random: Random): Sketch => ({
        name: camel(from, 'to', to),
        parameters: [from],
        describe: () => `${from} converted to ${to}`,
        body: [`return ${from} * ${factor};`],
        test: testing(
          () => [random.integer(0, 50)],
          (value) => value * factor,
        ),
      }),
    },
    {
      key: `conversion|${to}|${from}`,
      sketch: (random: Random): Sketch => ({
        name: camel(to, 'to', from),
        parameters: [to],
        describe: () => `${to} converted to ${from}`,
        body: [`return ${to} / ${factor};`],
        test: testing(
          () => [random.integer(0, 50) * factor],
          (value) => value / factor,
        ),
      }),
    },
  ]),
};
