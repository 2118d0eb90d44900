/**
 * Conversions between float32 and the two 16-bit formats of model files. All of them work on whole typed arrays of bit
 * patterns, because JavaScript has no 16-bit float.
 */

/** bfloat16 bit patterns → float32. Exact: bfloat16 is the upper half of a float32. `target` has the length of `source`. */
export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = (source[i] ?? 0) << 16;
}

/**
 * float32 → bfloat16 bit patterns, rounded to nearest, ties to even, as PyTorch does. What is too large becomes infinity;
 * NaN stays NaN (quiet, sign kept). `target` has the length of `source`.
 */
export function float32ToBfloat16(source: Float32Array, target: Uint16Array): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] ?? 0;
    if ((value & 0x7fffffff) > 0x7f800000) target[i] = (value >>> 16) | 0x0040;
    else target[i] = (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
}

/** Float32 bit patterns of all 65,536 halves: one look-up a value is faster than taking exponent and mantissa apart. */
let halfTable: Uint32Array | null = null;

function halfToFloatTable(): Uint32Array {
  if (halfTable) return halfTable;
  const table = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    if (exponent === 31) table[half] = sign | 0x7f800000 | (mantissa << 13);
    else if (exponent > 0) table[half] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    else if (mantissa === 0) table[half] = sign;
    else {
      // Subnormal: mantissa · 2⁻²⁴, a normal number in float32. `shift` brings its leading one to bit 10.
      const shift = Math.clz32(mantissa) - 21;
      table[half] = sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
    }
  }
  return (halfTable = table);
}

/** IEEE 754 binary16 bit patterns → float32. Exact. `target` has the length of `source`. */
export function float16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const table = halfToFloatTable();
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i] ?? 0] ?? 0;
}

/**
 * float32 → IEEE 754 binary16 bit patterns, rounded to nearest, ties to even. Above 65,504 (and what rounds up to more)
 * becomes infinity; below 2⁻²⁵ becomes zero; NaN stays NaN. `target` has the length of `source`.
 */
export function float32ToFloat16(source: Float32Array, target: Uint16Array): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] ?? 0;
    const sign = (value >>> 16) & 0x8000;
    const magnitude = value & 0x7fffffff;
    if (magnitude > 0x7f800000) target[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) target[i] = sign | 0x7c00;
    else if (magnitude >= 0x38800000) {
      // Normal: re-bias the exponent by 127 − 15; a carry out of the mantissa moves the exponent up, as it should.
      const rebiased = magnitude - 0x38000000;
      target[i] = sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
    } else if (magnitude < 0x33000000) target[i] = sign;
    else {
      // Subnormal: the mantissa with its hidden one, shifted so that its unit is 2⁻²⁴.
      const mantissa = (magnitude & 0x7fffff) | 0x800000;
      const shift = 126 - (magnitude >>> 23);
      const rounded = mantissa + (1 << (shift - 1)) - 1 + ((mantissa >>> shift) & 1);
      target[i] = sign | (rounded >>> shift);
    }
  }
}
