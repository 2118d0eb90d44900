import { testing, type Structure } from '../../item.ts';
import { drawText, drawWord, drawWords } from '../../pieces/text-samples.ts';
import { classic } from './classic.ts';

/** Texts as words and letters. */
export const textsClassics: Structure[] = [
  classic(
    'isPalindrome',
    ['text'],
    ['whether text reads the same backwards'],
    ["return text === text.split('').reverse().join('');"],
    (random) =>
      testing(
        () => [random.pick(['noon', 'level', 'radar', 'a', drawWord(random), drawWord(random)])],
        (text) => text === [...text].reverse().join(''),
      ),
  ),
  classic(
    'isAnagram',
    ['a', 'b'],
    ['whether a and b have the same letters'],
    ["const sorted = (text) => text.split('').sort().join('');", 'return sorted(a) === sorted(b);'],
    (random) =>
      testing(
        () => {
          const word = drawWord(random);
          return [word, random.chance(0.5) ? random.shuffled([...word]).join('') : drawWord(random)];
        },
        (a, b) => [...a].sort().join('') === [...b].sort().join(''),
      ),
  ),
  classic(
    'capitalize',
    ['text'],
    ['text with its first letter in upper case'],
    ['return text.charAt(0).toUpperCase() + text.slice(1);'],
    (random) =>
      testing(
        () => [drawText(random)],
        (text) => text.charAt(0).toUpperCase() + text.slice(1),
      ),
  ),
  classic(
    'titleCase',
    ['text'],
    ['text with the first letter of each word in upper case'],
    ["return text.split(' ').map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join(' ');"],
    (random) =>
      testing(
        () => [drawWords(random).join(' ')],
        (text) =>
          text
            .split(' ')
            .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
            .join(' '),
      ),
  ),
  classic(
    'initials',
    ['name'],
    ['the initials of name, each followed by a dot'],
    ["return name.split(' ').map((w) => `${w.charAt(0).toUpperCase()}.`).join('');"],
    (random) =>
      testing(
        () => [drawWords(random).slice(0, 3).join(' ')],
        (name) =>
          name
            .split(' ')
            .map((w) => `${w.charAt(0).toUpperCase()}.`)
            .join(''),
      ),
  ),
];
