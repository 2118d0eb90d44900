import { testing, type Family, type Structure } from '../item.ts';
import { drawTextCondition, textConditionIds } from '../pieces/text-conditions.ts';
import { drawTextMap, textMapIds } from '../pieces/text-maps.ts';
import { leaning } from '../pieces/text-samples.ts';
import { camel, pascal } from '../pieces/words.ts';
import { textNames } from './text-steps.ts';

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
          () => [leaning(random, [first, second])],
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
    textConditionIds
      .filter((second) => second !== first && !(first.endsWith('Length') && second.endsWith('Length')))
      .flatMap((second) => [check(first, '&&', second), check(first, '||', second)]),
  ),
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
          () => [leaning(random, [condition])],
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
