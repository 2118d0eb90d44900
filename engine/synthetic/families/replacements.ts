import { testing, type Family, type Structure } from '../item.ts';
import { drawNumberCondition, drawNumbers, numberConditionIds } from '../pieces/number-conditions.ts';
import { drawNumberMap, numberMapIds } from '../pieces/number-maps.ts';
import { camel } from '../pieces/words.ts';

/** "numbers with the squares of the even numbers instead of them": a map on some items only. */
function replaceSome(conditionId: string, mapId: string): Structure {
  return {
    key: `replace|${conditionId}|${mapId}`,
    sketch: (random) => {
      const list = random.pick(['numbers', 'values', 'scores']);
      const condition = drawNumberCondition(conditionId, random);
      const fixed = random.integer(0, 50);
      const map = mapId === 'fixed' ? undefined : drawNumberMap(mapId, random);
      return {
        name: camel('replace', condition.name, 'by', map?.name ?? String(fixed)),
        parameters: [list],
        describe: () => `${list} with each item n that is ${condition.is()} replaced by ${map ? map.one('n') : fixed}`,
        body: [`return ${list}.map((n) => (${condition.code('n')} ? ${map ? map.code('n') : fixed} : n));`],
        test: testing(
          () => [drawNumbers(random, condition.near)],
          (numbers) => numbers.map((n) => (condition.holds(n) ? (map ? map.value(n) : fixed) : n)),
        ),
      };
    },
  };
}

export const replacements: Family = {
  id: 'replace',
  weight: 1.5,
  compositional: true,
  structures: numberConditionIds.flatMap((condition) => ['fixed', ...numberMapIds].map((map) => replaceSome(condition, map))),
};
