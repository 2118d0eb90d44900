/** The 256 values that a byte can stand for, and how to find the one nearest to a value. */
export interface DynamicMap {
  /** Ascending, within −1 … 1. */
  values: Float32Array;
  /** Halfway between each value and the next one. */
  middles: Float32Array;
  /** For each upper half of a float32's bits: the byte of the smallest number with it. */
  first: Uint8Array;
}

const exponentBits = 7;

/**
 * Dynamic quantisation of Dettmers et al. (2022, §2.2; the tables of bitsandbytes): seven decades, each with twice as many
 * linear steps as the one below, and 0 and 1. `signed` for values of either sign.
 */
function dynamicMap(signed: boolean): DynamicMap {
  const found = [0, 1];
  for (let decade = 0; decade < exponentBits; decade++) {
    const steps = 2 ** (signed ? decade : decade + 1);
    const scale = 10 ** (decade - exponentBits + 1);
    for (let step = 0; step < steps; step++) {
      const value = scale * (0.1 + (0.9 * (step + 0.5)) / steps);
      found.push(value);
      if (signed) found.push(-value);
    }
  }
  const values = Float32Array.from(found).sort();
  const middles = values.map((value, index) => (index < 255 ? (value + (values[index + 1] ?? 0)) / 2 : Infinity));
  // What is not zero does not become zero: an update is divided by the root of the unsigned mean.
  if (!signed) middles[0] = 0;
  return { values, middles, first: firstBytes(middles) };
}

function firstBytes(middles: Float32Array): Uint8Array {
  const first = new Uint8Array(1 << 16);
  const bits = new Uint32Array(1);
  const number = new Float32Array(bits.buffer);
  let byte = 0;
  for (let rank = 0; rank < first.length; rank++) {
    // From the lowest number up: negative ones have the sign bit and rise as their bits fall.
    const isNegative = rank < 0x8000;
    const half = isNegative ? 0xffff - rank : rank - 0x8000;
    // The smallest number with this half: its lower half is all ones below zero, all zeros above.
    bits[0] = (half << 16) | (isNegative ? 0xffff : 0);
    while ((number[0] ?? 0) > (middles[byte] ?? 0)) byte++;
    first[half] = byte;
  }
  return first;
}

/** For the running mean of the gradient, and for that of its square. */
export const signedMap: DynamicMap = dynamicMap(true);
export const unsignedMap: DynamicMap = dynamicMap(false);
