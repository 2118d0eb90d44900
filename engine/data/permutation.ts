import { deriveSeed } from '../random.ts';

const rounds = 8;

/**
 * A pseudo-random order of the numbers from 0 to `count` − 1 of which any place can be asked for, in constant memory: a
 * Feistel network over the next power of four, walked until it lands below `count` (Black & Rogaway 2002). The same seed
 * gives the same order on every machine.
 * @param count up to 2^52
 */
export function permutation(count: number, seed: number): (place: number) => number {
  let bits = 1;
  while (4 ** bits < count) bits++;
  const half = 2 ** bits;
  const keys = Array.from({ length: rounds }, (_, round) => deriveSeed(seed, round));
  const encipher = (value: number): number => {
    let [left, right] = [Math.floor(value / half), value % half];
    for (const key of keys) [left, right] = [right, left ^ (mix(right ^ key) & (half - 1))];
    return left * half + right;
  };
  return (place) => {
    let value = encipher(place);
    while (value >= count) value = encipher(value);
    return value;
  };
}

/** The finaliser of MurmurHash3 (Appleby 2011): every bit of the argument changes every bit of the result. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
