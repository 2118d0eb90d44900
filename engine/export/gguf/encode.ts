import { float32ToFloat16 } from '../../weights/float16.ts';

/** Element types of ggml that are written, with their numbers in a GGUF file. */
export const ggmlTypes = { F32: 0, F16: 1, Q8_0: 8 } as const;
export type GgmlType = keyof typeof ggmlTypes;

/** Values that share a scale in Q8_0, and the bytes of such a block: a 16-bit scale and one byte a value. */
const blockValues = 32;
const blockBytes = 2 + blockValues;

/** Bytes of so many values. Q8_0: a multiple of 32. */
export function encodedBytes(type: GgmlType, count: number): number {
  if (type === 'Q8_0') return (count / blockValues) * blockBytes;
  return type === 'F16' ? count * 2 : count * 4;
}

/** True where rows of this length can be stored in the type. */
export const fits = (type: GgmlType, rowLength: number): boolean => type !== 'Q8_0' || rowLength % blockValues === 0;

/** The bytes of some values, little-endian, as ggml lays them out. */
export function encode(values: Float32Array, type: GgmlType): Uint8Array {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type === 'Q8_0') return encodeQ8(values);
  const bits = new Uint16Array(values.length);
  float32ToFloat16(values, bits);
  return new Uint8Array(bits.buffer);
}

/** Each value as round(x / d) in −127 … 127 with d = max |x| / 127 of its block; halves are rounded away from zero. */
function encodeQ8(values: Float32Array): Uint8Array {
  const blocks = values.length / blockValues;
  const scales = new Float32Array(blocks);
  const bytes = new Uint8Array(blocks * blockBytes);
  for (let block = 0; block < blocks; block++) {
    const from = block * blockValues;
    let largest = 0;
    for (let index = 0; index < blockValues; index++) largest = Math.max(largest, Math.abs(values[from + index] ?? 0));
    const scale = Math.fround(largest / 127);
    scales[block] = scale;
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    for (let index = 0; index < blockValues; index++) {
      const value = Math.fround((values[from + index] ?? 0) * inverse);
      bytes[block * blockBytes + 2 + index] = Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
    }
  }
  const halves = new Uint16Array(blocks);
  float32ToFloat16(scales, halves);
  const view = new DataView(bytes.buffer);
  halves.forEach((half, block) => view.setUint16(block * blockBytes, half, true));
  return bytes;
}

/** True if a type can hold all of the values: F16 and the scales of Q8_0 end at 65,504, and nothing may be infinite. */
export function holds(values: Float32Array, type: GgmlType): boolean {
  const limit = type === 'F32' ? Number.MAX_VALUE : type === 'F16' ? 65_504 : 65_504 * 127;
  for (let index = 0; index < values.length; index++) if (!(Math.abs(values[index] ?? NaN) <= limit)) return false;
  return true;
}
