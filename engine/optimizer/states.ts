import { adamW, type AdamWSettings, type Moments } from './adamw.ts';
import { blockSize, type ByteVector, readBlock, writeBlock, zeroBytes } from './byte-vector.ts';
import { signedMap, unsignedMap } from './dynamic-map.ts';

/** How the running means are kept: as they are, or a byte a value. */
export type StateFormat = 'float32' | 'int8';

export interface StateTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array | Uint8Array;
}

/** What AdamW remembers of one tensor. */
export interface OptimizerState {
  /** One step, in place; parameters as of `adamW`. */
  update(weight: Float32Array, gradient: Float32Array, settings: AdamWSettings, learningRate: number, step: number, factor: number): void;
  /** All of it, in place, for checkpoints. */
  tensors: readonly StateTensor[];
}

/** Smaller tensors stay in float32, as in bitsandbytes: they save little, and norms and biases are sensitive. */
const smallestQuantised = 4096;

/** The state of a tensor before the first step: zeros. */
export function createState(name: string, shape: readonly number[], format: StateFormat): OptimizerState {
  const length = shape.reduce((product, size) => product * size, 1);
  return format === 'int8' && length >= smallestQuantised ? byteState(name, shape, length) : floatState(name, shape, length);
}

function floatState(name: string, shape: readonly number[], length: number): OptimizerState {
  const moments: Moments = { mean: new Float32Array(length), square: new Float32Array(length) };
  return {
    update: (weight, gradient, settings, learningRate, step, factor) =>
      adamW(weight, gradient, moments, settings, learningRate, step, factor),
    tensors: [
      { name: `adamw.mean:${name}`, shape, data: moments.mean },
      { name: `adamw.square:${name}`, shape, data: moments.square },
    ],
  };
}

/** One block at a time in float32: the step itself is exact, only what is remembered of it is rounded. */
const scratch: Moments = { mean: new Float32Array(blockSize), square: new Float32Array(blockSize) };

function byteState(name: string, shape: readonly number[], length: number): OptimizerState {
  const [mean, square] = [zeroBytes(length, signedMap), zeroBytes(length, unsignedMap)];
  const tensorsOf = (what: string, { bytes, largest }: ByteVector): StateTensor[] => [
    { name: `adamw.${what}:${name}`, shape, data: bytes },
    { name: `adamw.${what}.largest:${name}`, shape: [largest.length], data: largest },
  ];
  return {
    update: (weight, gradient, settings, learningRate, step, factor) => {
      for (let block = 0; block < mean.largest.length; block++) {
        const [start, end] = [block * blockSize, Math.min(length, (block + 1) * blockSize)];
        readBlock(mean, block, signedMap, scratch.mean);
        readBlock(square, block, unsignedMap, scratch.square);
        adamW(weight.subarray(start, end), gradient.subarray(start, end), scratch, settings, learningRate, step, factor);
        writeBlock(mean, block, signedMap, scratch.mean);
        writeBlock(square, block, unsignedMap, scratch.square);
      }
    },
    tensors: [...tensorsOf('mean', mean), ...tensorsOf('square', square)],
  };
}
