import { list, signature } from './corpus.ts';
import { drawItem, partOf } from './grammar.ts';
import type { Item } from './item.ts';
import { createRandom, type Random } from './random.ts';

/** One row of an instruction set in Alpaca form. */
export interface InstructionRow {
  instruction: string;
  input: string;
  output: string;
}

/**
 * Requests for functions with their answers: only code, up to the closing brace.
 * The same seed gives the same rows; held-out combinations are not among them; no request comes twice.
 */
export function instructionRows(count: number, seed: number): InstructionRow[] {
  const random = createRandom(seed);
  const learned = partOf('learned');
  const rows = new Map<string, InstructionRow>();
  while (rows.size < count) {
    const item = drawItem(learned, random);
    const instruction = request(item, random);
    rows.set(instruction, { instruction, input: '', output: item.code });
  }
  return [...rows.values()];
}

const parameters = (item: Item): string => `the parameter${item.parameters.length > 1 ? 's' : ''} ${list(item.parameters)}`;

/** None of these is a form that the corpus uses. */
const forms: ((item: Item, text: string) => string)[] = [
  (item, text) => `Write a function \`${signature(item)}\` that returns ${text}.`,
  (item, text) => `Write a JavaScript function called ${item.name} with ${parameters(item)}. It should return ${text}.`,
  (item, text) => `I need a function \`${signature(item)}\` which returns ${text}.`,
  (item, text) => `Please implement \`${signature(item)}\` so that it returns ${text}.`,
  (item, text) => `Create a function ${item.name} that takes ${list(item.parameters)} and returns ${text}.`,
  (item, text) => `Can you write \`${signature(item)}\`? It must return ${text}.`,
  (item, text) => `Define a JavaScript function named \`${item.name}\` with ${parameters(item)} to return ${text}.`,
];

/** A request for the item, in one of several forms. */
export function request(item: Item, random: Random): string {
  return random.pick(forms)(item, random.pick(item.descriptions));
}
