import { testing, type Family, type Structure } from '../item.ts';
import {
  drawNumberCondition,
  drawNumbers,
  numberConditionIds,
  openNumberCondition,
  openNumberConditionIds,
  whichAre,
} from '../pieces/number-conditions.ts';
import { drawNumberMap, numberMapIds, wholeNumberMapIds } from '../pieces/number-maps.ts';
import { drawNumberReduction, numberReductionIds, singleNumberReductionIds } from '../pieces/number-reductions.ts';
import { camel } from '../pieces/words.ts';

/** What a list of numbers may be called, as a parameter and in its description. */
const numberListNames: readonly string[] = ['numbers', 'numbers', 'values', 'scores', 'amounts', 'points'];

const none = 'none';

/** "the sum of the squares of the even numbers": filter, then map, then reduce; each may be left out. */
function pipeline(conditionId: string, mapId: string, reductionId: string): Structure {
  return {
    key: `numbers|${conditionId}|${mapId}|${reductionId}`,
    sketch: (random) => {
      const list = random.pick(numberListNames);
      const condition = conditionId === none ? undefined : drawNumberCondition(conditionId, random);
      const map = mapId === none ? undefined : drawNumberMap(mapId, random);
      const reduction = drawNumberReduction(reductionId, random);
      const calls = `${condition ? `.filter((n) => ${condition.code('n')})` : ''}${map ? `.map((n) => ${map.code('n')})` : ''}`;
      const sorts = /^(ascending|descending|reversed|top)$/.test(reductionId);
      return {
        name: camel(reduction.name, map?.name ?? '', condition?.name ?? '', list),
        parameters: [list],
        describe: () => {
          const chosen = `the ${condition ? whichAre(condition, list, random) : list}`;
          return reduction.wording(map ? map.many(chosen) : chosen);
        },
        body: reduction.body(calls === '' && sorts ? `[...${list}]` : `${list}${calls}`),
        test: testing(
          () => [drawNumbers(random, condition?.near)],
          (numbers) => {
            const chosen = condition ? numbers.filter(condition.holds) : numbers;
            return reduction.value(map ? chosen.map(map.value) : chosen);
          },
        ),
      };
    },
  };
}

export const numberPipelines: Family = {
  id: 'numbers',
  weight: 5,
  compositional: true,
  structures: [none, ...numberConditionIds].flatMap((condition) =>
    [none, ...numberMapIds].flatMap((map) =>
      numberReductionIds
        // Nothing chosen and nothing changed leaves no function; counting does not see what a map did.
        .filter(
          (reduction) =>
            !(reduction === 'list' && condition === none && map === none) &&
            !(reduction === 'count' && (map !== none || condition === none)),
        )
        .map((reduction) => pipeline(condition, map, reduction)),
    ),
  ),
};

const bounds: Record<string, string> = { divisible: 'divisor', indivisible: 'divisor', different: 'value' };

/** The same with the constant as a second parameter: "the sum of the numbers that are greater than limit". */
function openPipeline(conditionId: string, mapId: string, reductionId: string): Structure {
  return {
    key: `numbers with bound|${conditionId}|${mapId}|${reductionId}`,
    sketch: (random) => {
      const list = random.pick(numberListNames);
      const bound = bounds[conditionId] ?? random.pick(['limit', 'threshold', 'bound']);
      const condition = openNumberCondition(conditionId, bound, random);
      const map = mapId === none ? undefined : drawNumberMap(mapId, random);
      const reduction = drawNumberReduction(reductionId, random);
      const calls = `.filter((n) => ${condition.code('n')})${map ? `.map((n) => ${map.code('n')})` : ''}`;
      return {
        name: camel(reduction.name, map?.name ?? '', condition.name),
        parameters: [list, bound],
        describe: () => {
          const chosen = `the ${whichAre(condition, list, random)}`;
          return reduction.wording(map ? map.many(chosen) : chosen);
        },
        body: reduction.body(`${list}${calls}`),
        test: testing(
          () => {
            const k = condition.constant();
            return [drawNumbers(random, condition.near(k)), k];
          },
          (numbers, k) => {
            const chosen = numbers.filter((n) => condition.holds(n, k));
            return reduction.value(map ? chosen.map(map.value) : chosen);
          },
        ),
      };
    },
  };
}

export const boundedPipelines: Family = {
  id: 'numbers with bound',
  weight: 2,
  compositional: true,
  structures: openNumberConditionIds.flatMap((condition) =>
    [none, ...numberMapIds].flatMap((map) =>
      numberReductionIds
        .filter((reduction) => !(reduction === 'count' && map !== none))
        .map((reduction) => openPipeline(condition, map, reduction)),
    ),
  ),
};

/** "the product of the odd digits of n". */
function digitPipeline(conditionId: string, mapId: string, reductionId: string): Structure {
  return {
    key: `digits|${conditionId}|${mapId}|${reductionId}`,
    sketch: (random) => {
      const condition = conditionId === none ? undefined : drawNumberCondition(conditionId, random, 7);
      const map = mapId === none ? undefined : drawNumberMap(mapId, random);
      const reduction = drawNumberReduction(reductionId, random);
      const calls = `${condition ? `.filter((n) => ${condition.code('n')})` : ''}${map ? `.map((n) => ${map.code('n')})` : ''}`;
      const whole = random.pick(['number', 'value', 'code']);
      return {
        name: camel(reduction.name, map?.name ?? '', condition?.name ?? '', 'digits'),
        parameters: [whole],
        describe: () => {
          const chosen = `the ${condition ? whichAre(condition, `digits of ${whole}`, random) : `digits of ${whole}`}`;
          return reduction.wording(map ? map.many(chosen) : chosen);
        },
        body: [`const digits = String(${whole}).split('').map(Number);`, ...reduction.body(`digits${calls}`)],
        test: testing(
          () => [random.integer(1, 9) * 10 ** random.integer(4, 6) + random.integer(0, 9999)],
          (value) => {
            const digits = [...String(value)].map(Number);
            const chosen = condition ? digits.filter(condition.holds) : digits;
            return reduction.value(map ? chosen.map(map.value) : chosen);
          },
        ),
      };
    },
  };
}

const digitConditions = ['even', 'odd', 'nonZero', 'greater', 'less', 'atLeast', 'atMost', 'divisible'];
const digitMaps = ['square', 'cube', 'double', 'plus', 'times', 'remainder', 'distance'];

export const digitPipelines: Family = {
  id: 'digits',
  weight: 2,
  compositional: true,
  structures: [none, ...digitConditions].flatMap((condition) =>
    [none, ...digitMaps].flatMap((map) =>
      numberReductionIds
        .filter((reduction) => !(reduction === 'count' && map !== none) && !(condition === none && map === none && reduction === 'list'))
        .map((reduction) => digitPipeline(condition, map, reduction)),
    ),
  ),
};

/** "a list of the largest of the even numbers of each row of matrix". */
function rowPipeline(conditionId: string, mapId: string, reductionId: string): Structure {
  return {
    key: `rows|${conditionId}|${mapId}|${reductionId}`,
    sketch: (random) => {
      const table = random.pick(['matrix', 'table', 'grid']);
      const condition = conditionId === none ? undefined : drawNumberCondition(conditionId, random, 9);
      const map = mapId === none ? undefined : drawNumberMap(mapId, random);
      const reduction = drawNumberReduction(reductionId, random);
      const calls = `${condition ? `.filter((n) => ${condition.code('n')})` : ''}${map ? `.map((n) => ${map.code('n')})` : ''}`;
      const inner = reduction.body(`row${calls}`);
      const single = inner.length === 1 ? inner[0]?.replace(/^return (.*);$/, '$1') : undefined;
      return {
        name: camel('row', reduction.name, map?.name ?? '', condition?.name ?? ''),
        parameters: [table],
        describe: () => {
          const chosen = `the ${condition ? whichAre(condition, 'numbers', random) : 'numbers'}`;
          return `for each row of ${table}, ${reduction.wording(map ? map.many(chosen) : chosen)}`;
        },
        body:
          single === undefined
            ? [`return ${table}.map((row) => {`, ...inner.map((line) => `  ${line}`), '});']
            : [`return ${table}.map((row) => ${single});`],
        test: testing(
          () => [Array.from({ length: random.integer(2, 3) }, () => drawNumbers(random, condition?.near))],
          (rows) => {
            const results = rows.map((row) => {
              const chosen = condition ? row.filter(condition.holds) : row;
              return reduction.value(map ? chosen.map(map.value) : chosen);
            });
            return results.flatMap((result) => (result === undefined ? [] : [result])).length < results.length
              ? undefined
              : results.map((result) => result ?? null);
          },
        ),
      };
    },
  };
}

export const rowPipelines: Family = {
  id: 'rows',
  weight: 1.5,
  compositional: true,
  structures: [none, ...numberConditionIds].flatMap((condition) =>
    [none, ...wholeNumberMapIds].flatMap((map) =>
      singleNumberReductionIds
        .filter((reduction) => !(reduction === 'count' && (map !== none || condition === none)))
        .map((reduction) => rowPipeline(condition, map, reduction)),
    ),
  ),
};
