import { elements, type Value } from '../graph/types.ts';
import { deriveSeed, randomWords } from '../random.ts';
import { dropoutInput } from './adapt-linears.ts';

/** A purpose of its own among the seeds of a run. */
const dropoutPurpose = 0xd409;

export interface DropoutPlace {
  seed: number;
  /** Optimizer step, from 1, and the micro-batch in it, from 0. */
  step: number;
  microBatch: number;
}

/**
 * Masks for the dropout inputs of a graph: each element is kept with the probability 1 − `share` (to the next 1/65536),
 * independently of all others, and decided by seed, step and micro-batch alone, so that a resumed run sees the same. They are made
 * here and fed, one byte an element (positions × inputs of the adapted layers; layers on the same input share one), because
 * random operators inside a graph cannot be put back to where they were. 100 million elements take about 0.4 seconds.
 * @param buffers masks of earlier passes, which are overwritten where they fit.
 */
export function dropoutFeeds(
  inputs: readonly Value[],
  share: number,
  { seed, step, microBatch }: DropoutPlace,
  buffers: Map<string, Uint8Array>,
): Record<string, Uint8Array> {
  const next = randomWords(deriveSeed(seed, dropoutPurpose, step, microBatch));
  const feeds: Record<string, Uint8Array> = {};
  for (const { name, shape } of inputs) {
    if (!name.startsWith(dropoutInput)) continue;
    const size = elements(shape);
    const known = buffers.get(name);
    const mask = known?.length === size ? known : new Uint8Array(size);
    buffers.set(name, mask);
    fillMask(mask, Math.round(share * 65536), next);
    feeds[name] = mask;
  }
  return feeds;
}

/** Two elements for each word: one for either half of its bits. */
function fillMask(mask: Uint8Array, threshold: number, next: () => number): void {
  for (let at = 0; at < mask.length; at += 2) {
    const word = next();
    // The sign of the difference, without a branch that could go either way.
    mask[at] = 1 - (((word & 0xffff) - threshold) >>> 31);
    // Beyond the end of an odd number of elements it goes nowhere.
    mask[at + 1] = 1 - (((word >>> 16) - threshold) >>> 31);
  }
}
