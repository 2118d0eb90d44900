/** Factors that share a factor of their own when they are quantised too. */
export const factorBlock = 256;

/** Factors of NF4's blocks in a smaller form: factor = code · scale of its block + mean. */
export interface SmallFactors {
  /** A row a block; the last one is filled up with zeros. */
  codes: Int8Array<ArrayBuffer>;
  /** One for each block. */
  scale: Float32Array<ArrayBuffer>;
  /** One element. */
  mean: Float32Array<ArrayBuffer>;
}

/** What quantised factors stand for. @param count of them */
export function wholeFactors(
  { codes, scale, mean }: { codes: Int8Array; scale: Float32Array; mean: Float32Array },
  count: number,
): Float32Array {
  const factor = (code: number, index: number) => Math.fround(code * (scale[Math.floor(index / factorBlock)] ?? 0)) + (mean[0] ?? 0);
  return Float32Array.from(codes.subarray(0, count), factor);
}

/**
 * Double quantisation (QLoRA, Dettmers et al. 2023, section 3): the factors less their mean, in blocks of 256, each rounded to the nearest
 * of 255 even steps of its block; halves away from zero.
 */
export function toSmallFactors(factors: Float32Array): SmallFactors {
  const mean = Float32Array.of(factors.reduce((sum, factor) => sum + factor, 0) / Math.max(1, factors.length));
  const centre = mean[0] ?? 0;
  const blocks = Math.ceil(factors.length / factorBlock);
  const codes = new Int8Array(blocks * factorBlock);
  const scale = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const [start, end] = [block * factorBlock, Math.min((block + 1) * factorBlock, factors.length)];
    let largest = 0;
    for (let index = start; index < end; index++) largest = Math.max(largest, Math.abs((factors[index] ?? 0) - centre));
    const step = Math.fround(largest / 127) || 1;
    scale[block] = step;
    for (let index = start; index < end; index++) {
      const steps = ((factors[index] ?? 0) - centre) / step;
      codes[index] = Math.sign(steps) * Math.min(127, Math.floor(Math.abs(steps) + 0.5));
    }
  }
  return { codes, scale, mean };
}
