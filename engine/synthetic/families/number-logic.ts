import { testing, type Family, type Structure } from '../item.ts';
import { drawNumberCondition, numberConditionIds } from '../pieces/number-conditions.ts';
import { drawNumberMap, numberMapIds, wholeNumberMapIds } from '../pieces/number-maps.ts';
import { camel, pascal, quote } from '../pieces/words.ts';
import type { Random } from '../random.ts';

const numberNames = ['n', 'number', 'value', 'score', 'amount', 'x'];

/** Pairs that always hold, never hold, or say the same twice. */
const empty = new Set([
  'even|odd',
  'negative|positive',
  'atLeast|greater',
  'atMost|less',
  'divisible|indivisible',
  'different|nonZero',
  'atLeast|negative',
  'between|negative',
  'greater|negative',
  'less|negative',
  'atMost|negative',
  'atLeast|positive',
  'between|positive',
  'greater|positive',
  'nonZero|positive',
  'negative|nonZero',
  'less|positive',
  'atMost|positive',
]);
const nearlyAlways = new Set(['nonZero', 'different', 'indivisible']);
const says = (first: string, operator: string, second: string): boolean =>
  !empty.has([first, second].sort().join('|')) && !(operator === '||' && (nearlyAlways.has(first) || nearlyAlways.has(second)));

const drawNear = (random: Random, near: readonly number[]): number => (random.chance(0.5) ? random.pick(near) : random.integer(-20, 40));

/** "the square of n if n is even, and n increased by 3 otherwise". */
function choice(conditionId: string, thenId: string, elseId: string): Structure {
  return {
    key: `choice|${conditionId}|${thenId}|${elseId}`,
    sketch: (random) => {
      const v = random.pick(numberNames);
      const condition = drawNumberCondition(conditionId, random);
      const yes = drawNumberMap(thenId, random);
      const no = drawNumberMap(elseId, random);
      return {
        name: camel(random.pick(['', yes.name]), 'if', condition.name, random.pick(['', 'or']), no.name),
        parameters: [v],
        describe: () => `${yes.one(v)} if ${v} is ${condition.is()}, and ${no.one(v)} otherwise`,
        body: [`return ${condition.code(v)} ? ${yes.code(v)} : ${no.code(v)};`],
        test: testing(
          () => [drawNear(random, condition.near)],
          (n) => (condition.holds(n) ? yes.value(n) : no.value(n)),
        ),
      };
    },
  };
}

export const choices: Family = {
  id: 'choice',
  weight: 2.5,
  compositional: true,
  structures: numberConditionIds.flatMap((condition) =>
    numberMapIds.flatMap((yes) => numberMapIds.filter((no) => no !== yes).map((no) => choice(condition, yes, no))),
  ),
};

const labelPairs: [string, string][] = [
  ['yes', 'no'],
  ['open', 'closed'],
  ['pass', 'fail'],
  ['high', 'low'],
  ['left', 'right'],
  ['accept', 'reject'],
  ['odd', 'plain'],
  ['big', 'small'],
  ['on', 'off'],
  ['red', 'green'],
  ['hot', 'cold'],
  ['free', 'paid'],
];

/** "'pass' if score is at least 50, 'fail' otherwise". */
function label(conditionId: string, pair: readonly [string, string]): Structure {
  return {
    key: `label|${conditionId}|${pair.join('/')}`,
    sketch: (random) => {
      const v = random.pick(numberNames);
      const condition = drawNumberCondition(conditionId, random);
      const [yes, no] = pair;
      return {
        name: camel(yes, 'if', condition.name),
        parameters: [v],
        describe: () => `${quote(yes)} if ${v} is ${condition.is()}, and ${quote(no)} otherwise`,
        body: [`return ${condition.code(v)} ? ${quote(yes)} : ${quote(no)};`],
        test: testing(
          () => [drawNear(random, condition.near)],
          (n) => (condition.holds(n) ? yes : no),
        ),
      };
    },
  };
}

export const labels: Family = {
  id: 'label',
  weight: 1,
  compositional: true,
  structures: numberConditionIds.flatMap((condition) => labelPairs.map((pair) => label(condition, pair))),
};

/** Guards one after the other: "0 if n is negative, the double of n if n is less than 10, and the square of n otherwise". */
function guards(firstId: string, secondId: string, mapId: string): Structure {
  return {
    key: `guards|${firstId}|${secondId}|${mapId}`,
    sketch: (random) => {
      const v = random.pick(numberNames);
      const first = drawNumberCondition(firstId, random);
      const second = drawNumberCondition(secondId, random);
      const map = drawNumberMap(mapId, random);
      const fixed = random.integer(0, 30);
      return {
        name: camel(random.pick(['rate', 'grade', 'adjust', 'rule']), first.name, random.pick(['', second.name]), map.name),
        parameters: [v],
        describe: () => `${fixed} if ${v} is ${first.is()}, ${map.one(v)} if ${v} is ${second.is()}, and ${v} otherwise`,
        body: [
          `if (${first.code(v)}) {`,
          `  return ${fixed};`,
          '}',
          `if (${second.code(v)}) {`,
          `  return ${map.code(v)};`,
          '}',
          `return ${v};`,
        ],
        test: testing(
          () => [drawNear(random, [...first.near, ...second.near])],
          (n) => (first.holds(n) ? fixed : second.holds(n) ? map.value(n) : n),
        ),
      };
    },
  };
}

export const guardChains: Family = {
  id: 'guards',
  weight: 1.5,
  compositional: true,
  structures: numberConditionIds.flatMap((first) =>
    numberConditionIds
      .filter((second) => second !== first && !nearlyAlways.has(first))
      .flatMap((second) => wholeNumberMapIds.map((map) => guards(first, second, map))),
  ),
};

/** "whether n is even and greater than 5". */
function bothOrEither(firstId: string, operator: '&&' | '||', secondId: string): Structure {
  const word = operator === '&&' ? 'and' : 'or';
  return {
    // The order of the two says nothing: both orders are one combination.
    key: `check|${word}|${[firstId, secondId].sort().join('|')}`,
    sketch: (random) => {
      const v = random.pick(numberNames);
      const first = drawNumberCondition(firstId, random);
      const second = drawNumberCondition(secondId, random);
      return {
        name: `is${first.name}${pascal(word)}${second.name}`,
        parameters: [v],
        describe: () => `whether ${v} is ${first.is()} ${word} ${second.is()}`,
        // `between` is itself a conjunction: it needs no parentheses beside && and gets them beside ||, as Prettier writes it.
        body: [`return ${grouped(first.code(v), operator)} ${operator} ${grouped(second.code(v), operator)};`],
        test: testing(
          () => [drawNear(random, [...first.near, ...second.near])],
          (n) => (operator === '&&' ? first.holds(n) && second.holds(n) : first.holds(n) || second.holds(n)),
        ),
      };
    },
  };
}

const grouped = (code: string, operator: string): string => (operator === '||' && code.includes('&&') ? `(${code})` : code);

export const checks: Family = {
  id: 'check',
  weight: 2,
  compositional: true,
  structures: numberConditionIds.flatMap((first) =>
    numberConditionIds
      .filter((second) => second !== first)
      .flatMap((second) =>
        (['&&', '||'] as const)
          .filter((operator) => says(first, operator, second))
          .map((operator) => bothOrEither(first, operator, second)),
      ),
  ),
};

const operations: { id: string; of: string; code: (a: string, b: string) => string; value: (a: number, b: number) => number }[] = [
  { id: 'sum', of: 'the sum', code: (a, b) => `${a} + ${b}`, value: (a, b) => a + b },
  { id: 'difference', of: 'the difference', code: (a, b) => `${a} - ${b}`, value: (a, b) => a - b },
  { id: 'product', of: 'the product', code: (a, b) => `${a} * ${b}`, value: (a, b) => a * b },
  { id: 'larger', of: 'the larger', code: (a, b) => `Math.max(${a}, ${b})`, value: (a, b) => Math.max(a, b) },
  { id: 'smaller', of: 'the smaller', code: (a, b) => `Math.min(${a}, ${b})`, value: (a, b) => Math.min(a, b) },
];

const pairNames: [string, string][] = [
  ['a', 'b'],
  ['x', 'y'],
  ['first', 'second'],
  ['left', 'right'],
  ['width', 'height'],
];

const operand = (code: string): string => (/ [-+%] /.test(code) || code.startsWith('-') ? `(${code})` : code);

/** "the larger of the square of a and b increased by 3". */
function formula(leftId: string, operationId: string, rightId: string): Structure {
  return {
    key: `formula|${leftId}|${operationId}|${rightId}`,
    sketch: (random) => {
      const [a, b] = random.pick(pairNames);
      const operation = operations.find((candidate) => candidate.id === operationId);
      if (!operation) throw new Error(`There is no operation called ${operationId}.`);
      const left = leftId === 'same' ? undefined : drawNumberMap(leftId, random);
      const right = rightId === 'same' ? undefined : drawNumberMap(rightId, random);
      const call = operationId === 'larger' || operationId === 'smaller';
      const side = (code: string): string => (call ? code : operand(code));
      return {
        name: camel(operation.id, 'of', left?.name ?? a, 'and', right?.name ?? b),
        parameters: [a, b],
        describe: () => `${operation.of} of ${left?.one(a) ?? a} and ${right?.one(b) ?? b}`,
        body: [`return ${operation.code(side(left?.code(a) ?? a), side(right?.code(b) ?? b))};`],
        test: testing(
          () => [random.integer(-9, 20), random.integer(-9, 20)],
          (x, y) => operation.value(left?.value(x) ?? x, right?.value(y) ?? y),
        ),
      };
    },
  };
}

export const formulas: Family = {
  id: 'formula',
  weight: 2,
  compositional: true,
  structures: ['same', ...numberMapIds].flatMap((left) =>
    operations.flatMap((operation) => ['same', ...numberMapIds].map((right) => formula(left, operation.id, right))),
  ),
};
