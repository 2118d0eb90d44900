import { testing, type Structure } from '../../item.ts';
import { drawNumbers } from '../../pieces/number-conditions.ts';
import { classic } from './classic.ts';

/** Numbers written, measured and read as times. */
export const measuresClassics: Structure[] = [
  classic('toBinary', ['n'], ['n written in binary'], ['return n.toString(2);'], (random) =>
    testing(
      () => [random.integer(0, 300)],
      (n) => n.toString(2),
    ),
  ),
  classic(
    'median',
    ['numbers'],
    ['the median of the numbers'],
    [
      'const sorted = [...numbers].sort((a, b) => a - b);',
      'const middle = Math.floor(sorted.length / 2);',
      'return sorted.length % 2 === 0 ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle];',
    ],
    (random) =>
      testing(
        () => [drawNumbers(random)],
        (numbers) => {
          const sorted = [...numbers].sort((a, b) => a - b);
          const middle = Math.floor(sorted.length / 2);
          return sorted.length % 2 === 0 ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2 : sorted[middle];
        },
      ),
  ),
  classic(
    'collatzSteps',
    ['n'],
    ['the number of Collatz steps from n to 1'],
    ['let steps = 0;', 'while (n !== 1) {', '  n = n % 2 === 0 ? n / 2 : 3 * n + 1;', '  steps += 1;', '}', 'return steps;'],
    (random) =>
      testing(
        () => [random.integer(1, 30)],
        (start) => {
          let steps = 0;
          for (let n = start; n !== 1; steps += 1) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
          return steps;
        },
      ),
  ),
  classic(
    'formatTime',
    ['minutes'],
    ['minutes written as hours and minutes with a colon'],
    ['const hours = Math.floor(minutes / 60);', "return `${hours}:${String(minutes % 60).padStart(2, '0')}`;"],
    (random) =>
      testing(
        () => [random.integer(0, 600)],
        (minutes) => `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`,
      ),
  ),
  classic(
    'isLeapYear',
    ['year'],
    ['whether year is a leap year'],
    ['return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;'],
    (random) =>
      testing(
        () => [random.pick([1900, 2000, 2004, 2023, random.integer(1800, 2100)])],
        (year) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0,
      ),
  ),
];
