import { packRows } from '@anneal/engine/internals';
import { type Batch, ignoredLabel, padded, type Sequence } from './batches.ts';
import { createRandom, type Random } from './random.ts';

/** The longest sequence, and the length of a row that sequences are packed into. */
export const rowLength = 256;
/** Rows of an optimizer step. */
const rowsPerStep = 4;

/**
 * What instruction sets look like: most examples are short and few are long. Lengths are log-normal with a median of 80 tokens and
 * σ = 0.7 of the logarithm, drawn again outside of 20 … 256; a prompt, which is masked, takes 30 to 70 % of an example.
 */
const [medianLength, sigma, shortest] = [80, 0.7, 20];
const pool = 2048;

function sequence(random: Random, vocabulary: number): Sequence {
  let length = 0;
  while (length < shortest || length > rowLength) length = Math.round(medianLength * Math.exp(sigma * random.normal()));
  const prompt = Math.round(length * (0.3 + 0.4 * random.uniform()));
  const ids = Array.from({ length }, () => Math.floor(random.uniform() * vocabulary));
  return { ids, labels: ids.map((id, index) => (index < prompt ? ignoredLabel : id)) };
}

/**
 * Batches of an instruction set as a packed run meets them: examples packed into rows by the engine, rows in random order, the
 * examples of four rows a step. Each batch is padded to its longest example.
 */
export function instructionBatches(steps: number, vocabulary: number, seed: number): Batch[] {
  const random = createRandom(seed);
  const examples = Array.from({ length: pool }, () => sequence(random, vocabulary));
  const packed = packRows(
    examples.map(({ ids }) => ids.length),
    rowLength,
    seed,
  );
  const rows = inRandomOrder(packed, random);
  return Array.from({ length: steps }, (_, step) => {
    const places = inRandomOrder(rows.slice(step * rowsPerStep, (step + 1) * rowsPerStep).flat(), random);
    return padded(places.flatMap((place) => examples[place] ?? []));
  });
}

function inRandomOrder<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => ({ item, key: random.uniform() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
