import { testing, type Structure } from '../../item.ts';
import { drawNumbers } from '../../pieces/number-conditions.ts';
import { classic } from './classic.ts';

/** Lists cut, joined, turned and searched. */
export const listsClassics: Structure[] = [
  classic(
    'chunk',
    ['list', 'size'],
    ['list cut into pieces of size items'],
    [
      'const result = [];',
      'for (let i = 0; i < list.length; i += size) {',
      '  result.push(list.slice(i, i + size));',
      '}',
      'return result;',
    ],
    (random) =>
      testing(
        () => [drawNumbers(random), random.integer(1, 4)],
        (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size)),
      ),
  ),
  classic('unique', ['list'], ['the distinct items of list'], ['return [...new Set(list)];'], (random) =>
    testing(
      () => [Array.from({ length: 7 }, () => random.integer(0, 5))],
      (list) => [...new Set(list)],
    ),
  ),
  classic('flatten', ['lists'], ['one list with the items of all lists'], ['return lists.flat();'], (random) =>
    testing(
      () => [Array.from({ length: random.integer(1, 3) }, () => drawNumbers(random).slice(0, 3))],
      (lists) => lists.flat(),
    ),
  ),
  classic(
    'zip',
    ['left', 'right'],
    ['pairs of the items of left and right'],
    ['return left.map((item, i) => [item, right[i]]);'],
    (random) =>
      testing(
        () => {
          const left = drawNumbers(random);
          return [left, left.map(() => random.integer(0, 9))];
        },
        (left, right) => left.map((item, i) => [item, right[i] ?? 0]),
      ),
  ),
  classic(
    'range',
    ['start', 'end'],
    ['a list of the whole numbers from start up to but not including end'],
    ['return Array.from({ length: end - start }, (item, i) => start + i);'],
    (random) =>
      testing(
        () => [random.integer(-5, 5), random.integer(6, 12)],
        (start, end) => Array.from({ length: end - start }, (_, i) => start + i),
      ),
  ),
  classic(
    'rotate',
    ['list', 'k'],
    ['list with its first k items moved to the end'],
    ['return [...list.slice(k), ...list.slice(0, k)];'],
    (random) =>
      testing(
        () => [drawNumbers(random), random.integer(0, 3)],
        (list, k) => [...list.slice(k), ...list.slice(0, k)],
      ),
  ),
  classic(
    'transpose',
    ['matrix'],
    ['matrix with rows and columns swapped'],
    ['return matrix[0].map((item, i) => matrix.map((row) => row[i]));'],
    (random) =>
      testing(
        () => {
          const width = random.integer(1, 4);
          return [Array.from({ length: random.integer(1, 3) }, () => Array.from({ length: width }, () => random.integer(0, 9)))];
        },
        (matrix) => (matrix[0] ?? []).map((_, i) => matrix.map((row) => row[i] ?? 0)),
      ),
  ),
  classic('indexOfLargest', ['list'], ['the index of the largest item of list'], ['return list.indexOf(Math.max(...list));'], (random) =>
    testing(
      () => [drawNumbers(random)],
      (list) => list.indexOf(Math.max(...list)),
    ),
  ),
  classic('indexOfSmallest', ['list'], ['the index of the smallest item of list'], ['return list.indexOf(Math.min(...list));'], (random) =>
    testing(
      () => [drawNumbers(random)],
      (list) => list.indexOf(Math.min(...list)),
    ),
  ),
];
