import { testing, type Structure } from '../../item.ts';
import { classic } from './classic.ts';

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const isPrime = (n: number): boolean => n > 1 && Array.from({ length: n }, (_, i) => i).every((i) => i < 2 || n % i !== 0);

/** Arithmetic that everybody knows by name. */
export const arithmeticClassics: Structure[] = [
  classic(
    'factorial',
    ['n'],
    ['the factorial of n', 'the product of all whole numbers from 1 to n'],
    ['if (n <= 1) {', '  return 1;', '}', 'return n * factorial(n - 1);'],
    (random) =>
      testing(
        () => [random.integer(0, 10)],
        (n) => Array.from({ length: n }, (_, i) => i + 1).reduce((a, b) => a * b, 1),
      ),
  ),
  classic(
    'fibonacci',
    ['n'],
    ['the Fibonacci number at position n'],
    ['let a = 0;', 'let b = 1;', 'for (let i = 0; i < n; i += 1) {', '  [a, b] = [b, a + b];', '}', 'return a;'],
    (random) =>
      testing(
        () => [random.integer(0, 20)],
        (n) => Array.from({ length: n }).reduce<[number, number]>(([a, b]) => [b, a + b], [0, 1])[0],
      ),
  ),
  classic(
    'gcd',
    ['a', 'b'],
    ['the greatest common divisor of a and b'],
    ['while (b !== 0) {', '  [a, b] = [b, a % b];', '}', 'return a;'],
    (random) => testing(() => [random.integer(1, 60), random.integer(1, 60)], gcd),
  ),
  classic(
    'lcm',
    ['a', 'b'],
    ['the least common multiple of a and b'],
    ['let multiple = a;', 'while (multiple % b !== 0) {', '  multiple += a;', '}', 'return multiple;'],
    (random) =>
      testing(
        () => [random.integer(1, 30), random.integer(1, 30)],
        (a, b) => (a * b) / gcd(a, b),
      ),
  ),
  classic(
    'isPrime',
    ['n'],
    ['whether n is a prime number'],
    [
      'if (n < 2) {',
      '  return false;',
      '}',
      'for (let i = 2; i * i <= n; i += 1) {',
      '  if (n % i === 0) {',
      '    return false;',
      '  }',
      '}',
      'return true;',
    ],
    (random) => testing(() => [random.integer(0, 60)], isPrime),
  ),
  classic(
    'power',
    ['base', 'exponent'],
    ['base raised to the power of exponent'],
    ['let result = 1;', 'for (let i = 0; i < exponent; i += 1) {', '  result *= base;', '}', 'return result;'],
    (random) =>
      testing(
        () => [random.integer(-5, 9), random.integer(0, 6)],
        (base, exponent) => base ** exponent,
      ),
  ),
  classic(
    'clamp',
    ['value', 'low', 'high'],
    ['value, but no less than low and no more than high'],
    ['return Math.min(Math.max(value, low), high);'],
    (random) =>
      testing(
        () => [random.integer(-20, 40), random.integer(-5, 5), random.integer(10, 20)],
        (value, low, high) => Math.min(Math.max(value, low), high),
      ),
  ),
  classic(
    'digitSum',
    ['n'],
    ['the sum of the digits of n'],
    ['let total = 0;', 'while (n > 0) {', '  total += n % 10;', '  n = Math.floor(n / 10);', '}', 'return total;'],
    (random) =>
      testing(
        () => [random.integer(0, 99999)],
        (n) => [...String(n)].reduce((sum, digit) => sum + Number(digit), 0),
      ),
  ),
];
