import { nf4Block, nf4Levels } from '../graph/ops/stored-weights.ts';

/** Half-way between neighbouring levels. */
const borders = nf4Levels.slice(1).map((level, index) => (level + (nf4Levels[index] ?? 0)) / 2);

/**
 * NF4 (QLoRA, Dettmers et al. 2023): blocks of 64 weights, row-major, each divided by its largest magnitude and rounded to the nearest of
 * sixteen levels.
 * @returns two codes a byte, the first in the upper four bits, and a factor a block.
 * @throws RangeError when the weights do not fill whole blocks.
 */
export function toNf4(data: Float32Array): { codes: Uint8Array<ArrayBuffer>; scale: Float32Array<ArrayBuffer> } {
  if (data.length % nf4Block !== 0) throw new RangeError(`NF4 has blocks of ${nf4Block}, and ${data.length} weights do not fill them`);
  const scale = new Float32Array(data.length / nf4Block);
  const codes = new Uint8Array(data.length / 2);
  for (let block = 0; block < scale.length; block++) {
    const start = block * nf4Block;
    let largest = 0;
    for (let index = start; index < start + nf4Block; index++) largest = Math.max(largest, Math.abs(data[index] ?? 0));
    scale[block] = largest;
    const factor = largest > 0 ? 1 / largest : 0;
    for (let index = start; index < start + nf4Block; index += 2) {
      codes[index / 2] = (nearestLevel((data[index] ?? 0) * factor) << 4) | nearestLevel((data[index + 1] ?? 0) * factor);
    }
  }
  return { codes, scale };
}

/** Index of the nearest level; the lower one of two that are as near. */
function nearestLevel(value: number): number {
  let [low, high] = [0, borders.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > (borders[middle] ?? 1)) low = middle + 1;
    else high = middle;
  }
  return low;
}
