import { createHash } from 'node:crypto';

const size = 64;

/** A vector of length 1 that texts with the same words share: 64 numbers, each word adds to four of them. Good enough to find by. */
export function wordVector(text: string): number[] {
  const sums = new Array<number>(size).fill(0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const hash = createHash('sha256').update(word).digest();
    for (let index = 0; index < 4; index += 1) {
      const place = hash.readUInt8(index) % size;
      sums[place] = (sums[place] ?? 0) + (hash.readUInt8(index + 4) % 2 === 0 ? 1 : -1);
    }
  }
  const length = Math.hypot(...sums);
  return length === 0 ? sums.with(0, 1) : sums.map((sum) => sum / length);
}
