import { type Random } from '../random.ts';
import { type TextCondition } from './text-conditions.ts';
import { pascal } from './words.ts';

/** The letters that conditions and replacements ask about: some word begins with, ends in or lacks each. */
export const askedLetters = 'abdeimnorst';

const starts = askedLetters.split('');
const vocabulary =
  'apple ant arena bread bird banana dog door drum eagle ear east island ink idea moon map mirror nest north needle orange owl onion river rain room stone sun star table tree train noon radar level data dad mom sees tenet sand bed end amber oboe ion rose tea toast mountain notebook sandwich dinosaur butterfly restaurant ingredient orchestra anthill';
const words = vocabulary.split(' ');

export const drawWord = (random: Random): string => random.pick(words);

/** Words of which some begin with, end in or lack each of the letters that conditions ask about. */
export const drawWords = (random: Random, condition?: TextCondition): string[] =>
  Array.from({ length: random.integer(4, 7) }, () =>
    condition && random.chance(0.4) ? condition.toward(drawWord(random)) : drawWord(random),
  );

/** A text in small letters for which some of the conditions hold. */
export function leaning(random: Random, conditions: readonly TextCondition[]): string {
  const text = random.chance(0.7) ? drawWord(random) : `${drawWord(random)} ${drawWord(random)}`;
  return conditions.reduce((result, condition) => (random.chance(0.5) ? condition.toward(result) : result), text);
}

/** A text in mixed case with spaces and now and then a digit. */
export function drawText(random: Random): string {
  const parts = Array.from({ length: random.integer(1, 3) }, () => {
    const word = random.chance(0.15) ? random.pick(starts) + drawWord(random) : drawWord(random);
    return random.chance(0.3) ? pascal(word) : word;
  });
  if (random.chance(0.3)) parts.push(String(random.integer(1, 99)));
  const text = parts.join(' ');
  return random.chance(0.2) ? ` ${text} ` : text;
}
