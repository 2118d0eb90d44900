import { testing, type Structure } from '../../item.ts';
import { drawNumbers } from '../../pieces/number-conditions.ts';
import { drawWords } from '../../pieces/text-samples.ts';
import { type Random } from '../../random.ts';
import { classic } from './classic.ts';

const drawDigits = (random: Random): number[] => Array.from({ length: random.integer(4, 7) }, () => random.integer(0, 9));

/** Objects, sets, searching and sorting. */
export const collectionsClassics: Structure[] = [
  classic(
    'countOccurrences',
    ['items'],
    ['an object that says how often each of the items occurs'],
    ['const counts = {};', 'for (const item of items) {', '  counts[item] = (counts[item] ?? 0) + 1;', '}', 'return counts;'],
    (random) =>
      testing(
        () => [Array.from({ length: 6 }, () => random.pick(['red', 'green', 'blue']))],
        (items) => {
          const counts: Record<string, number> = {};
          for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
          return counts;
        },
      ),
  ),
  classic(
    'groupByLength',
    ['words'],
    ['an object with the words grouped by their length'],
    ['const groups = {};', 'for (const w of words) {', '  groups[w.length] = [...(groups[w.length] ?? []), w];', '}', 'return groups;'],
    (random) =>
      testing(
        () => [drawWords(random)],
        (words) => {
          const groups: Record<string, string[]> = {};
          for (const word of words) groups[word.length] = [...(groups[word.length] ?? []), word];
          return groups;
        },
      ),
  ),
  classic(
    'invert',
    ['object'],
    ['an object with the keys and values of object swapped'],
    ['return Object.fromEntries(Object.entries(object).map(([key, value]) => [value, key]));'],
    (random) =>
      testing(
        () => [Object.fromEntries(drawWords(random).map((word) => [word, random.integer(1, 99)]))],
        (object) => Object.fromEntries(Object.entries(object).map(([key, value]) => [value, key])),
      ),
  ),
  classic(
    'intersection',
    ['left', 'right'],
    ['the items of left that are also in right'],
    ['return left.filter((item) => right.includes(item));'],
    (random) =>
      testing(
        () => [drawDigits(random), drawDigits(random)],
        (left, right) => left.filter((item) => right.includes(item)),
      ),
  ),
  classic(
    'difference',
    ['left', 'right'],
    ['the items of left that are not in right'],
    ['return left.filter((item) => !right.includes(item));'],
    (random) =>
      testing(
        () => [drawDigits(random), drawDigits(random)],
        (left, right) => left.filter((item) => !right.includes(item)),
      ),
  ),
  classic(
    'binarySearch',
    ['list', 'target'],
    ['the index of target in the sorted list, or -1'],
    [
      'let low = 0;',
      'let high = list.length - 1;',
      'while (low <= high) {',
      '  const middle = Math.floor((low + high) / 2);',
      '  if (list[middle] === target) {',
      '    return middle;',
      '  }',
      '  if (list[middle] < target) {',
      '    low = middle + 1;',
      '  } else {',
      '    high = middle - 1;',
      '  }',
      '}',
      'return -1;',
    ],
    (random) =>
      testing(
        () => {
          const list = [...new Set(drawNumbers(random))].sort((a, b) => a - b);
          return [list, random.chance(0.7) ? random.pick(list) : 50];
        },
        (list, target) => list.indexOf(target),
      ),
  ),
  classic(
    'bubbleSort',
    ['list'],
    ['list sorted by swapping neighbors'],
    [
      'const result = [...list];',
      'for (let i = 0; i < result.length; i += 1) {',
      '  for (let j = 0; j < result.length - 1 - i; j += 1) {',
      '    if (result[j] > result[j + 1]) {',
      '      [result[j], result[j + 1]] = [result[j + 1], result[j]];',
      '    }',
      '  }',
      '}',
      'return result;',
    ],
    (random) =>
      testing(
        () => [drawNumbers(random)],
        (list) => [...list].sort((a, b) => a - b),
      ),
  ),
];
