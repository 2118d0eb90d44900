import { testing, type Family, type Json, type Structure } from '../item.ts';
import { drawNumberCondition, drawNumbers, numberConditionIds } from '../pieces/number-conditions.ts';
import { camel } from '../pieces/words.ts';
import { listNames } from './list-chains.ts';

interface Search {
  id: string;
  of: (which: string, list: string) => string;
  name: string;
  code: (list: string, condition: string) => string;
  value: (list: number[], holds: (n: number) => boolean) => Json | undefined;
}

const searches: Search[] = [
  {
    id: 'index',
    of: (are, list) => `the index of the first item of ${list} that is ${are}, or -1`,
    name: 'index of',
    code: (list, c) => `${list}.findIndex((n) => ${c})`,
    value: (l, holds) => l.findIndex((n) => holds(n)),
  },
  {
    id: 'first',
    of: (are, list) => `the first item of ${list} that is ${are}`,
    name: 'find',
    code: (list, c) => `${list}.find((n) => ${c})`,
    value: (l, holds) => l.find((n) => holds(n)),
  },
  {
    id: 'last',
    of: (are, list) => `the last item of ${list} that is ${are}`,
    name: 'find last',
    code: (list, c) => `${list}.findLast((n) => ${c})`,
    value: (l, holds) => l.findLast((n) => holds(n)),
  },
  {
    id: 'lastIndex',
    of: (are, list) => `the index of the last item of ${list} that is ${are}, or -1`,
    name: 'last index of',
    code: (list, c) => `${list}.findLastIndex((n) => ${c})`,
    value: (l, holds) => l.findLastIndex((n) => holds(n)),
  },
  {
    id: 'some',
    of: (are, list) => `whether some item of ${list} is ${are}`,
    name: 'has',
    code: (list, c) => `${list}.some((n) => ${c})`,
    value: (l, holds) => l.some((n) => holds(n)),
  },
  {
    id: 'every',
    of: (are, list) => `whether every item of ${list} is ${are}`,
    name: 'all',
    code: (list, c) => `${list}.every((n) => ${c})`,
    value: (l, holds) => l.every((n) => holds(n)),
  },
  {
    id: 'none',
    of: (are, list) => `whether no item of ${list} is ${are}`,
    name: 'none',
    code: (list, c) => `!${list}.some((n) => ${c})`,
    value: (l, holds) => !l.some((n) => holds(n)),
  },
  {
    id: 'positions',
    of: (are, list) => `the indexes of the items of ${list} that are ${are}`,
    name: 'indexes of',
    code: (list, c) => `${list}.map((n, i) => (${c} ? i : -1)).filter((i) => i >= 0)`,
    value: (l, holds) => l.flatMap((n, i) => (holds(n) ? [i] : [])),
  },
  {
    id: 'split',
    of: (are, list) => `two lists, the items of ${list} that are ${are} and the others`,
    name: 'partition',
    code: (list, c) => `[${list}.filter((n) => ${c}), ${list}.filter((n) => !(${c}))]`,
    value: (l, holds) => [l.filter((n) => holds(n)), l.filter((n) => !holds(n))],
  },
];

function search(kind: Search, conditionId: string): Structure {
  return {
    key: `search|${kind.id}|${conditionId}`,
    sketch: (random) => {
      const list = random.pick(listNames);
      const condition = drawNumberCondition(conditionId, random);
      const many = kind.id === 'positions' || kind.id === 'split';
      return {
        name: camel(kind.name, condition.name),
        parameters: [list],
        describe: () => kind.of(many ? condition.is().replace(/^a multiple/, 'multiples') : condition.is(), list),
        body: [`return ${kind.code(list, condition.code('n'))};`],
        test: testing(
          () => {
            // All of one sort now and then, so that "every" and "none" are sometimes true.
            const numbers = drawNumbers(random, condition.near);
            const side = random.integer(0, 3);
            return [side === 0 ? numbers.filter(condition.holds) : side === 1 ? numbers.filter((n) => !condition.holds(n)) : numbers];
          },
          (numbers) => kind.value(numbers, condition.holds),
        ),
      };
    },
  };
}

export const searchFamily: Family = {
  id: 'search',
  weight: 2,
  compositional: true,
  structures: searches.flatMap((kind) => numberConditionIds.map((condition) => search(kind, condition))),
};
