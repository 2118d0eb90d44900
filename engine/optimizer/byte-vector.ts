import type { DynamicMap } from './dynamic-map.ts';

/** A vector in one byte a value: `values[byte]` of its map times the largest magnitude of its block. */
export interface ByteVector {
  bytes: Uint8Array;
  /** Of each block. */
  largest: Float32Array;
}

/** Values that share a scale (Dettmers et al. 2022, §2.1). */
export const blockSize = 2048;

/** A vector of zeros. */
export function zeroBytes(length: number, map: DynamicMap): ByteVector {
  return { bytes: new Uint8Array(length).fill(map.values.indexOf(0)), largest: new Float32Array(Math.ceil(length / blockSize)) };
}

/** Writes block `block` of a vector into the front of `into`. */
export function readBlock({ bytes, largest }: ByteVector, block: number, { values }: DynamicMap, into: Float32Array): void {
  const scale = largest[block] ?? 0;
  const start = block * blockSize;
  const count = Math.min(blockSize, bytes.length - start);
  for (let index = 0; index < count; index++) into[index] = scale * (values[bytes[start + index] ?? 0] ?? 0);
}

const scaled = new Float32Array(1);
const scaledBits = new Uint32Array(scaled.buffer);

/** Puts the front of `from` into block `block`, each value rounded to the nearest that a byte can stand for. */
export function writeBlock({ bytes, largest }: ByteVector, block: number, { middles, first }: DynamicMap, from: Float32Array): void {
  const start = block * blockSize;
  const count = Math.min(blockSize, bytes.length - start);
  let most = 0;
  for (let index = 0; index < count; index++) most = Math.max(most, Math.abs(from[index] ?? 0));
  largest[block] = most;
  for (let index = 0; index < count; index++) {
    scaled[0] = most > 0 ? (from[index] ?? 0) / most : 0;
    let byte = first[(scaledBits[0] ?? 0) >>> 16] ?? 0;
    while (scaled[0] > (middles[byte] ?? 0)) byte++;
    bytes[start + index] = byte;
  }
}
