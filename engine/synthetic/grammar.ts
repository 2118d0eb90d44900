import { characterFilters } from './families/character-filters.ts';
import { classics } from './families/classics.ts';
import { countingLoops, walkingLoops } from './families/collecting-loops.ts';
import { conversions } from './families/conversions.ts';
import { fizzBuzzes } from './families/fizz-buzz.ts';
import { growthLoops } from './families/growth-loops.ts';
import { listChains } from './families/list-chains.ts';
import { checks, choices, formulas, guardChains, labels } from './families/number-logic.ts';
import { boundedPipelines, digitPipelines, numberPipelines, rowPipelines } from './families/number-pipelines.ts';
import { objectViews, records } from './families/records.ts';
import { recursions } from './families/recursions.ts';
import { replacements } from './families/replacements.ts';
import { runningTotals } from './families/running-totals.ts';
import { searchFamily } from './families/searches.ts';
import { greetings, templates } from './families/templates.ts';
import { textChecks, textChoices } from './families/text-logic.ts';
import { textSteps } from './families/text-steps.ts';
import { sentencePipelines, wordPipelines } from './families/word-pipelines.ts';
import { zips } from './families/zips.ts';
import { buildItem, type Family, type Item, type Structure } from './item.ts';
import { hashText, type Random } from './random.ts';

/** Every kind of function that the corpus knows. A new one is a file in `families/` and a line here. */
export const families: readonly Family[] = [
  numberPipelines,
  boundedPipelines,
  digitPipelines,
  rowPipelines,
  choices,
  labels,
  guardChains,
  checks,
  formulas,
  textSteps,
  characterFilters,
  textChecks,
  templates,
  textChoices,
  greetings,
  wordPipelines,
  sentencePipelines,
  countingLoops,
  walkingLoops,
  growthLoops,
  recursions,
  listChains,
  searchFamily,
  replacements,
  runningTotals,
  zips,
  records,
  objectViews,
  classics,
  conversions,
  fizzBuzzes,
];

const heldOutPercent = 8;
const empty = new Set(['none', 'same', 'list']);

/**
 * Whether a combination of meanings is kept for the tasks. It is decided by the combination alone, so with all of its
 * constants, names and wordings; a combination needs at least two pieces, so that every piece is learned from others.
 */
export function isHeldOut(family: Family, structure: Structure): boolean {
  const pieces = structure.key
    .split('|')
    .slice(1)
    .filter((piece) => !empty.has(piece));
  return family.compositional && pieces.length >= 2 && hashText(structure.key) % 100 < heldOutPercent;
}

export interface Part {
  family: Family;
  structures: readonly Structure[];
}

/** The families with the structures that may be learned from, or with those that are held out. */
export function partOf(which: 'learned' | 'heldOut'): Part[] {
  return families
    .map((family) => ({
      family,
      structures: family.structures.filter((structure) => isHeldOut(family, structure) === (which === 'heldOut')),
    }))
    .filter(({ structures }) => structures.length > 0);
}

/** One item of a part: a family by its weight, then any of its structures. */
export function drawItem(part: readonly Part[], random: Random): Item {
  const { family, structures } = random.weighted(part, (entry) => entry.family.weight);
  return buildItem(family.id, random.pick(structures), random);
}
