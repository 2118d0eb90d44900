import { testing, type Family, type Structure } from '../item.ts';
import { drawNumberCondition, drawNumbers, numberConditionIds } from '../pieces/number-conditions.ts';
import { drawNumberReduction } from '../pieces/number-reductions.ts';
import { camel } from '../pieces/words.ts';

const pairings: {
  id: string;
  of: (a: string, b: string) => string;
  code: (x: string, y: string) => string;
  value: (x: number, y: number) => number;
  name: string;
}[] = [
  {
    id: 'sum',
    of: (a, b) => `the sums of the items of ${a} and ${b}`,
    code: (x, y) => `${x} + ${y}`,
    value: (x, y) => x + y,
    name: 'sums',
  },
  {
    id: 'difference',
    of: (a, b) => `the differences of the items of ${a} and ${b}`,
    code: (x, y) => `${x} - ${y}`,
    value: (x, y) => x - y,
    name: 'differences',
  },
  {
    id: 'product',
    of: (a, b) => `the products of the items of ${a} and ${b}`,
    code: (x, y) => `${x} * ${y}`,
    value: (x, y) => x * y,
    name: 'products',
  },
  {
    id: 'larger',
    of: (a, b) => `the larger of the items of ${a} and ${b}`,
    code: (x, y) => `Math.max(${x}, ${y})`,
    value: (x, y) => Math.max(x, y),
    name: 'larger',
  },
  {
    id: 'smaller',
    of: (a, b) => `the smaller of the items of ${a} and ${b}`,
    code: (x, y) => `Math.min(${x}, ${y})`,
    value: (x, y) => Math.min(x, y),
    name: 'smaller',
  },
  {
    id: 'distance',
    of: (a, b) => `the distances between the items of ${a} and ${b}`,
    code: (x, y) => `Math.abs(${x} - ${y})`,
    value: (x, y) => Math.abs(x - y),
    name: 'distances',
  },
];
const listPairs: [string, string][] = [
  ['left', 'right'],
  ['first', 'second'],
  ['prices', 'amounts'],
  ['before', 'after'],
  ['xs', 'ys'],
];

/** Two lists, item by item: "the sum of the products of the items of left and right". */
function zipped(pairingIndex: number, conditionId: string, reductionId: string): Structure {
  const pairing = pairings[pairingIndex];
  if (!pairing) throw new Error('There is no such pairing.');
  return {
    key: `zip|${pairing.id}|${conditionId}|${reductionId}`,
    sketch: (random) => {
      const [a, b] = random.pick(listPairs);
      const condition = conditionId === 'none' ? undefined : drawNumberCondition(conditionId, random);
      const reduction = drawNumberReduction(reductionId, random);
      const calls = `.map((n, i) => ${pairing.code('n', `${b}[i]`)})${condition ? `.filter((n) => ${condition.code('n')})` : ''}`;
      return {
        name: camel(reduction.name, pairing.name, condition?.name ?? ''),
        parameters: [a, b],
        describe: () =>
          reduction.wording(`${pairing.of(a, b)}${condition ? ` that are ${condition.is().replace(/^a multiple/, 'multiples')}` : ''}`),
        body: reduction.body(`${a}${calls}`),
        test: testing(
          () => {
            const first = drawNumbers(random);
            return [first, first.map(() => (condition && random.chance(0.4) ? random.pick(condition.near) : random.integer(-4, 12)))];
          },
          (first, second) => {
            const values = first.map((n, i) => pairing.value(n, second[i] ?? 0));
            return reduction.value(condition ? values.filter(condition.holds) : values);
          },
        ),
      };
    },
  };
}

export const zips: Family = {
  id: 'zip',
  weight: 1.5,
  compositional: true,
  structures: pairings.flatMap((_, pairing) =>
    ['none', ...numberConditionIds.filter((id) => !(id === 'negative' && pairings[pairing]?.id === 'distance'))].flatMap((condition) =>
      ['list', 'sum', 'product', 'count', 'largest', 'smallest', 'average']
        .filter((r) => r !== 'count' || condition !== 'none')
        .map((reduction) => zipped(pairing, condition, reduction)),
    ),
  ),
};
