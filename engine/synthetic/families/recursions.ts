import { testing, type Family, type Structure } from '../item.ts';
import { drawNumberMap, wholeNumberMapIds } from '../pieces/number-maps.ts';
import { camel } from '../pieces/words.ts';

/** Recursion: "1 if n is at most 1, and otherwise n times the value for n - 1". */
function recursion(conditionId: string, mapId: string, operator: '+' | '*'): Structure {
  return {
    key: `recursion|${conditionId}|${mapId}|${operator}`,
    sketch: (random) => {
      const stop = random.integer(0, 2);
      const base = random.integer(1, 9);
      const map = drawNumberMap(mapId, random);
      const back = conditionId === 'one' ? 1 : 2;
      const name = camel('recursive', operator === '+' ? 'sum' : 'product', map.name, `by ${back}`);
      const code = map.code('n');
      const value = (n: number): number =>
        n <= stop ? base : operator === '+' ? map.value(n) + value(n - back) : map.value(n) * value(n - back);
      return {
        name,
        parameters: ['n'],
        describe: () =>
          `${base} if n is at most ${stop}, and otherwise ${map.one('n')} ${operator === '+' ? 'plus' : 'times'} its own value for n - ${back}`,
        body: [
          `if (n <= ${stop}) {`,
          `  return ${base};`,
          '}',
          `return ${operator === '*' && / [-+%] /.test(code) ? `(${code})` : code} ${operator} ${name}(n - ${back});`,
        ],
        test: testing(
          () => [random.integer(0, 9)],
          (n) => value(n),
        ),
      };
    },
  };
}

export const recursions: Family = {
  id: 'recursion',
  weight: 1,
  compositional: true,
  structures: ['one', 'two'].flatMap((back) => wholeNumberMapIds.flatMap((map) => [recursion(back, map, '+'), recursion(back, map, '*')])),
};
