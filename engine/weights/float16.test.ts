import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './float16.ts';

const allPatterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer);
const fromBits = (...patterns: number[]): Float32Array => new Float32Array(Uint32Array.from(patterns).buffer);

const formats = [
  { name: 'bfloat16', toFloat: bfloat16ToFloat32, fromFloat: float32ToBfloat16, infinity: 0x7f80 },
  { name: 'float16', toFloat: float16ToFloat32, fromFloat: float32ToFloat16, infinity: 0x7c00 },
];

describe.each(formats)('$name', ({ toFloat, fromFloat, infinity }) => {
  const decoded = new Float32Array(65536);
  toFloat(allPatterns, decoded);

  it('gives every pattern back after a round trip, NaN as NaN', () => {
    const encoded = new Uint16Array(65536);
    fromFloat(decoded, encoded);
    for (let pattern = 0; pattern < 65536; pattern++) {
      if ((pattern & 0x7fff) > infinity) {
        expect(decoded[pattern]).toBeNaN();
        expect((encoded[pattern] ?? 0) & 0x7fff).toBeGreaterThan(infinity);
      } else if (encoded[pattern] !== pattern) expect.fail(`pattern ${pattern} became ${encoded[pattern]}`);
    }
  });

  it('rounds to nearest, ties to even, between all neighbours', () => {
    // Between each two neighbours: a little below the middle, the middle, a little above it.
    for (let pattern = 0; pattern < infinity - 1; pattern++) {
      const low = decoded[pattern] ?? 0;
      const high = decoded[pattern + 1] ?? 0;
      const middle = (low + high) / 2;
      const source = Float32Array.of(middle, low + (high - low) * 0.49, low + (high - low) * 0.51, -middle);
      const target = new Uint16Array(4);
      fromFloat(source, target);
      const even = pattern % 2 === 0 ? pattern : pattern + 1;
      if (source[0] === middle && (target[0] !== even || target[3] !== (even | 0x8000)))
        expect.fail(`middle above ${pattern} became ${target[0]}`);
      const below = source[1] ?? 0;
      if (below > low && below < middle && target[1] !== pattern) expect.fail(`below the middle above ${pattern} became ${target[1]}`);
      const above = source[2] ?? 0;
      if (above > middle && above < high && target[2] !== pattern + 1) expect.fail(`above the middle above ${pattern} became ${target[2]}`);
    }
  });

  it('keeps signs, zeros and infinities, and turns what is too large into infinity', () => {
    const target = new Uint16Array(6);
    fromFloat(Float32Array.of(0, -0, Infinity, -Infinity, 3.4028234663852886e38, -3.4028234663852886e38), target);
    expect([...target]).toEqual([0, 0x8000, infinity, infinity | 0x8000, infinity, infinity | 0x8000]);
  });
});

it('agrees with known values of half precision', () => {
  const target = new Float32Array(6);
  float16ToFloat32(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555), target);
  expect([...target]).toEqual([1, -2, 65504, 2 ** -14, 2 ** -24, 0.333251953125]);
  const back = new Uint16Array(4);
  float32ToFloat16(Float32Array.of(65519, 65520, 2 ** -25, 2 ** -25 * 1.0001), back);
  expect([...back]).toEqual([0x7bff, 0x7c00, 0, 1]);
});

it('keeps a NaN whose payload would be rounded away', () => {
  const target = new Uint16Array(2);
  float32ToBfloat16(fromBits(0x7f800001, 0xffffffff), target);
  const back = new Float32Array(2);
  bfloat16ToFloat32(target, back);
  expect([...back].every(Number.isNaN)).toBe(true);
  expect((bits(back)[1] ?? 0) >>> 31).toBe(1);
});

it('works on parts of larger arrays', () => {
  const whole = Float32Array.of(9, 1, 2, 9);
  const target = new Uint16Array(4);
  float32ToBfloat16(whole.subarray(1, 3), target.subarray(2));
  expect([...target]).toEqual([0, 0, 0x3f80, 0x4000]);
  bfloat16ToFloat32(target.subarray(2), whole.subarray(0, 2));
  expect([...whole]).toEqual([1, 2, 2, 9]);
});
