import { testing, type Family, type Sketch, type Structure, type Test } from '../item.ts';
import { drawNumbers } from '../pieces/number-conditions.ts';
import { drawText, drawWord, drawWords } from '../pieces/text.ts';
import { camel } from '../pieces/words.ts';
import type { Random } from '../random.ts';

/** One well-known function that shares no pieces with others: learned by heart, never held out. */
const classic = (name: string, parameters: string[], wordings: string[], body: string[], test: (random: Random) => () => Test | undefined): Structure => ({
  key: `classic|${name}`,
  sketch: (random): Sketch => ({ name, parameters, describe: () => random.pick(wordings), body, test: test(random) }),
});

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const isPrime = (n: number): boolean => n > 1 && Array.from({ length: n }, (_, i) => i).every((i) => i < 2 || n % i !== 0);

export const classics: Family = {
  id: 'classic',
  weight: 2,
  compositional: false,
  structures: [
    classic('factorial', ['n'], ['the factorial of n', 'the product of all whole numbers from 1 to n'], ['if (n <= 1) {', '  return 1;', '}', 'return n * factorial(n - 1);'], (random) =>
      testing(() => [random.integer(0, 10)], (n) => Array.from({ length: n }, (_, i) => i + 1).reduce((a, b) => a * b, 1)),
    ),
    classic('fibonacci', ['n'], ['the Fibonacci number at position n'], ['let a = 0;', 'let b = 1;', 'for (let i = 0; i < n; i += 1) {', '  [a, b] = [b, a + b];', '}', 'return a;'], (random) =>
      testing(() => [random.integer(0, 20)], (n) => Array.from({ length: n }).reduce<[number, number]>(([a, b]) => [b, a + b], [0, 1])[0]),
    ),
    classic('gcd', ['a', 'b'], ['the greatest common divisor of a and b'], ['while (b !== 0) {', '  [a, b] = [b, a % b];', '}', 'return a;'], (random) => testing(() => [random.integer(1, 60), random.integer(1, 60)], gcd)),
    classic('lcm', ['a', 'b'], ['the least common multiple of a and b'], ['let multiple = a;', 'while (multiple % b !== 0) {', '  multiple += a;', '}', 'return multiple;'], (random) =>
      testing(() => [random.integer(1, 30), random.integer(1, 30)], (a, b) => (a * b) / gcd(a, b)),
    ),
    classic('isPrime', ['n'], ['whether n is a prime number'], ['if (n < 2) {', '  return false;', '}', 'for (let i = 2; i * i <= n; i += 1) {', '  if (n % i === 0) {', '    return false;', '  }', '}', 'return true;'], (random) =>
      testing(() => [random.integer(0, 60)], isPrime),
    ),
    classic('power', ['base', 'exponent'], ['base raised to the power of exponent'], ['let result = 1;', 'for (let i = 0; i < exponent; i += 1) {', '  result *= base;', '}', 'return result;'], (random) =>
      testing(() => [random.integer(-5, 9), random.integer(0, 6)], (base, exponent) => base ** exponent),
    ),
    classic('clamp', ['value', 'low', 'high'], ['value, but no less than low and no more than high'], ['return Math.min(Math.max(value, low), high);'], (random) =>
      testing(() => [random.integer(-20, 40), random.integer(-5, 5), random.integer(10, 20)], (value, low, high) => Math.min(Math.max(value, low), high)),
    ),
    classic('digitSum', ['n'], ['the sum of the digits of n'], ['let total = 0;', 'while (n > 0) {', '  total += n % 10;', '  n = Math.floor(n / 10);', '}', 'return total;'], (random) =>
      testing(() => [random.integer(0, 99999)], (n) => [...String(n)].reduce((sum, digit) => sum + Number(digit), 0)),
    ),
    classic('chunk', ['list', 'size'], ['list cut into pieces of size items'], ['const result = [];', 'for (let i = 0; i < list.length; i += size) {', '  result.push(list.slice(i, i + size));', '}', 'return result;'], (random) =>
      testing(() => [drawNumbers(random), random.integer(1, 4)], (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))),
    ),
    classic('unique', ['list'], ['the distinct items of list'], ['return [...new Set(list)];'], (random) => testing(() => [Array.from({ length: 7 }, () => random.integer(0, 5))], (list) => [...new Set(list)])),
    classic('flatten', ['lists'], ['one list with the items of all lists'], ['return lists.flat();'], (random) =>
      testing(() => [Array.from({ length: random.integer(1, 3) }, () => drawNumbers(random).slice(0, 3))], (lists) => lists.flat()),
    ),
    classic('zip', ['left', 'right'], ['pairs of the items of left and right'], ['return left.map((item, i) => [item, right[i]]);'], (random) =>
      testing(() => {
        const left = drawNumbers(random);
        return [left, left.map(() => random.integer(0, 9))];
      }, (left, right) => left.map((item, i) => [item, right[i] ?? 0])),
    ),
    classic('range', ['start', 'end'], ['a list of the whole numbers from start up to but not including end'], ['return Array.from({ length: end - start }, (item, i) => start + i);'], (random) =>
      testing(() => [random.integer(-5, 5), random.integer(6, 12)], (start, end) => Array.from({ length: end - start }, (_, i) => start + i)),
    ),
    classic('rotate', ['list', 'k'], ['list with its first k items moved to the end'], ['return [...list.slice(k), ...list.slice(0, k)];'], (random) =>
      testing(() => [drawNumbers(random), random.integer(0, 3)], (list, k) => [...list.slice(k), ...list.slice(0, k)]),
    ),
    classic('transpose', ['matrix'], ['matrix with rows and columns swapped'], ['return matrix[0].map((item, i) => matrix.map((row) => row[i]));'], (random) =>
      testing(() => {
        const width = random.integer(1, 4);
        return [Array.from({ length: random.integer(1, 3) }, () => Array.from({ length: width }, () => random.integer(0, 9)))];
      }, (matrix) => (matrix[0] ?? []).map((_, i) => matrix.map((row) => row[i] ?? 0))),
    ),
    classic('indexOfLargest', ['list'], ['the index of the largest item of list'], ['return list.indexOf(Math.max(...list));'], (random) => testing(() => [drawNumbers(random)], (list) => list.indexOf(Math.max(...list)))),
    classic('indexOfSmallest', ['list'], ['the index of the smallest item of list'], ['return list.indexOf(Math.min(...list));'], (random) => testing(() => [drawNumbers(random)], (list) => list.indexOf(Math.min(...list)))),
    classic('isPalindrome', ['text'], ['whether text reads the same backwards'], ["return text === text.split('').reverse().join('');"], (random) =>
      testing(() => [random.pick(['noon', 'level', 'radar', 'a', drawWord(random), drawWord(random)])], (text) => text === [...text].reverse().join('')),
    ),
    classic('isAnagram', ['a', 'b'], ['whether a and b have the same letters'], ["const sorted = (text) => text.split('').sort().join('');", 'return sorted(a) === sorted(b);'], (random) =>
      testing(() => {
        const word = drawWord(random);
        return [word, random.chance(0.5) ? random.shuffled([...word]).join('') : drawWord(random)];
      }, (a, b) => [...a].sort().join('') === [...b].sort().join('')),
    ),
    classic('capitalize', ['text'], ['text with its first letter in upper case'], ['return text.charAt(0).toUpperCase() + text.slice(1);'], (random) => testing(() => [drawText(random)], (text) => text.charAt(0).toUpperCase() + text.slice(1))),
    classic('titleCase', ['text'], ['text with the first letter of each word in upper case'], ["return text.split(' ').map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join(' ');"], (random) =>
      testing(() => [drawWords(random).join(' ')], (text) => text.split(' ').map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join(' ')),
    ),
    classic('initials', ['name'], ['the initials of name, each followed by a dot'], ["return name.split(' ').map((w) => `${w.charAt(0).toUpperCase()}.`).join('');"], (random) =>
      testing(() => [drawWords(random).slice(0, 3).join(' ')], (name) => name.split(' ').map((w) => `${w.charAt(0).toUpperCase()}.`).join('')),
    ),
    classic('countOccurrences', ['items'], ['an object that says how often each of the items occurs'], ['const counts = {};', 'for (const item of items) {', '  counts[item] = (counts[item] ?? 0) + 1;', '}', 'return counts;'], (random) =>
      testing(() => [Array.from({ length: 6 }, () => random.pick(['red', 'green', 'blue']))], (items) => {
        const counts: Record<string, number> = {};
        for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
        return counts;
      }),
    ),
    classic('groupByLength', ['words'], ['an object with the words grouped by their length'], ['const groups = {};', 'for (const w of words) {', '  groups[w.length] = [...(groups[w.length] ?? []), w];', '}', 'return groups;'], (random) =>
      testing(() => [drawWords(random)], (words) => {
        const groups: Record<string, string[]> = {};
        for (const word of words) groups[word.length] = [...(groups[word.length] ?? []), word];
        return groups;
      }),
    ),
    classic('invert', ['object'], ['an object with the keys and values of object swapped'], ['return Object.fromEntries(Object.entries(object).map(([key, value]) => [value, key]));'], (random) =>
      testing(() => [Object.fromEntries(drawWords(random).map((word) => [word, random.integer(1, 99)]))], (object) => Object.fromEntries(Object.entries(object).map(([key, value]) => [value, key]))),
    ),
    classic('intersection', ['left', 'right'], ['the items of left that are also in right'], ['return left.filter((item) => right.includes(item));'], (random) =>
      testing(() => [drawNumbers(random, [], 0, 9), drawNumbers(random, [], 0, 9)], (left, right) => left.filter((item) => right.includes(item))),
    ),
    classic('difference', ['left', 'right'], ['the items of left that are not in right'], ['return left.filter((item) => !right.includes(item));'], (random) =>
      testing(() => [drawNumbers(random, [], 0, 9), drawNumbers(random, [], 0, 9)], (left, right) => left.filter((item) => !right.includes(item))),
    ),
    classic('binarySearch', ['list', 'target'], ['the index of target in the sorted list, or -1'], ['let low = 0;', 'let high = list.length - 1;', 'while (low <= high) {', '  const middle = Math.floor((low + high) / 2);', '  if (list[middle] === target) {', '    return middle;', '  }', '  if (list[middle] < target) {', '    low = middle + 1;', '  } else {', '    high = middle - 1;', '  }', '}', 'return -1;'], (random) =>
      testing(() => {
        const list = [...new Set(drawNumbers(random))].sort((a, b) => a - b);
        return [list, random.chance(0.7) ? random.pick(list) : 50];
      }, (list, target) => list.indexOf(target)),
    ),
    classic('bubbleSort', ['list'], ['list sorted by swapping neighbors'], ['const result = [...list];', 'for (let i = 0; i < result.length; i += 1) {', '  for (let j = 0; j < result.length - 1 - i; j += 1) {', '    if (result[j] > result[j + 1]) {', '      [result[j], result[j + 1]] = [result[j + 1], result[j]];', '    }', '  }', '}', 'return result;'], (random) =>
      testing(() => [drawNumbers(random)], (list) => [...list].sort((a, b) => a - b)),
    ),
    classic('toBinary', ['n'], ['n written in binary'], ['return n.toString(2);'], (random) => testing(() => [random.integer(0, 300)], (n) => n.toString(2))),
    classic('median', ['numbers'], ['the median of the numbers'], ['const sorted = [...numbers].sort((a, b) => a - b);', 'const middle = Math.floor(sorted.length / 2);', 'return sorted.length % 2 === 0 ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle];'], (random) =>
      testing(() => [drawNumbers(random)], (numbers) => {
        const sorted = [...numbers].sort((a, b) => a - b);
        const middle = Math.floor(sorted.length / 2);
        return sorted.length % 2 === 0 ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2 : sorted[middle];
      }),
    ),
    classic('collatzSteps', ['n'], ['the number of Collatz steps from n to 1'], ['let steps = 0;', 'while (n !== 1) {', '  n = n % 2 === 0 ? n / 2 : 3 * n + 1;', '  steps += 1;', '}', 'return steps;'], (random) =>
      testing(() => [random.integer(1, 30)], (start) => {
        let steps = 0;
        for (let n = start; n !== 1; steps += 1) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
        return steps;
      }),
    ),
    classic('formatTime', ['minutes'], ['minutes written as hours and minutes with a colon'], ['const hours = Math.floor(minutes / 60);', "return `${hours}:${String(minutes % 60).padStart(2, '0')}`;"], (random) =>
      testing(() => [random.integer(0, 600)], (minutes) => `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`),
    ),
    classic('isLeapYear', ['year'], ['whether year is a leap year'], ['return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;'], (random) =>
      testing(() => [random.pick([1900, 2000, 2004, 2023, random.integer(1800, 2100)])], (year) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0),
    ),
  ],
};

/** Two unit names and the factor between them. */
const units: [from: string, to: string, factor: number][] = [
  ['hours', 'minutes', 60],
  ['minutes', 'seconds', 60],
  ['days', 'hours', 24],
  ['weeks', 'days', 7],
  ['years', 'months', 12],
  ['meters', 'centimeters', 100],
  ['kilometers', 'meters', 1000],
  ['kilograms', 'grams', 1000],
  ['dozens', 'pieces', 12],
];

export const conversions: Family = {
  id: 'conversion',
  weight: 0.6,
  compositional: false,
  structures: units.flatMap(([from, to, factor]) => [
    {
      key: `conversion|${from}|${to}`,
      sketch: (random: Random): Sketch => ({
        name: camel(from, 'to', to),
        parameters: [from],
        describe: () => `${from} converted to ${to}`,
        body: [`return ${from} * ${factor};`],
        test: testing(() => [random.integer(0, 50)], (value) => value * factor),
      }),
    },
    {
      key: `conversion|${to}|${from}`,
      sketch: (random: Random): Sketch => ({
        name: camel(to, 'to', from),
        parameters: [to],
        describe: () => `${to} converted to ${from}`,
        body: [`return ${to} / ${factor};`],
        test: testing(() => [random.integer(0, 50) * factor], (value) => value / factor),
      }),
    },
  ]),
};

/** "a list from 1 to n with 'Fizz' for multiples of 3": the words and divisors change. */
const fizzWords: [string, string][] = [
  ['Fizz', 'Buzz'],
  ['Tick', 'Tock'],
  ['Foo', 'Bar'],
  ['Ping', 'Pong'],
  ['Zig', 'Zag'],
];

export const fizzBuzzes: Family = {
  id: 'fizz buzz',
  weight: 0.6,
  compositional: false,
  structures: fizzWords.map(([first, second]) => ({
    key: `fizz buzz|${first}`,
    sketch: (random: Random): Sketch => {
      const a = random.integer(2, 5);
      const b = random.integer(a + 1, 9);
      return {
        name: camel(first, second),
        parameters: ['n'],
        describe: () => `'${first}' if n is divisible by ${a}, '${second}' if n is divisible by ${b}, and n otherwise`,
        body: [`if (n % ${a} === 0) {`, `  return '${first}';`, '}', `if (n % ${b} === 0) {`, `  return '${second}';`, '}', 'return n;'],
        test: testing(() => [random.integer(1, 45)], (n) => (n % a === 0 ? first : n % b === 0 ? second : n)),
      };
    },
  })),
};
