import { testing, type Family, type Sketch } from '../item.ts';
import { camel } from '../pieces/words.ts';
import { type Random } from '../random.ts';

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
        test: testing(
          () => [random.integer(1, 45)],
          (n) => (n % a === 0 ? first : n % b === 0 ? second : n),
        ),
      };
    },
  })),
};
