import { invalid } from '../adapters/names.ts';
import { elements, type DataType, type TensorData, type TensorType } from '../graph/types.ts';
import { nf4Block } from '../graph/ops/stored-weights.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { float32ToBfloat16, float32ToFloat16 } from '../weights/float16.ts';
import { factorBlock, toSmallFactors, wholeFactors } from './factors.ts';
import { toInt8 } from './int8.ts';
import { toNf4 } from './nf4.ts';

/** How the frozen weights of linear layers are kept in memory. */
export const storages = ['float32', 'float16', 'bfloat16', 'int8', 'nf4'] as const;
export type Storage = (typeof storages)[number];

/** In which numbers the products with frozen weights are computed. */
export const productTypes = ['float32', 'int8'] as const;
export type ProductType = (typeof productTypes)[number];

interface StoredTensor {
  dtype: DataType;
  shape: readonly number[];
  data: TensorData;
}

/** A weight matrix in a smaller form than single precision. */
export interface StoredWeight {
  storage: Exclude<Storage, 'float32'>;
  products: ProductType;
  /** Of the weight itself, as in its file. */
  shape: readonly number[];
  layout: LinearLayer['layout'];
  /**
   * float16 and bfloat16: `half`. int8: `codes` and `scale`, a factor for each output. nf4: `bytes` and `codes`, which share memory, and
   * `scale` (see nf4Product); with double quantisation `factors` int8 [blocks, 256], `factorScale` [blocks] and `factorMean` [1] in
   * place of `scale`; with int8 products `outputScale` too, a factor for each output.
   */
  tensors: Readonly<Record<string, StoredTensor>>;
}

/** The name that a part of a stored weight has among the weights of a graph. */
export const partName = (weight: string, part: string): string => `${weight}:${part}`;

export interface StorageOptions {
  storage: Storage;
  /** int8 is for int8 and NF4; with another storage it changes nothing. */
  products?: ProductType;
  /** Whether the factors of NF4's blocks are quantised too; with another storage it changes nothing. */
  doubleQuantization?: boolean;
}

/** What a stored weight is made of, and what is kept of it on disk: by name, all that quantising computes and nothing twice. */
export type WeightParts = Readonly<Record<string, TensorData>>;

const shapeOf = ({ inputs, outputs, layout }: LinearLayer) => (layout === 'out-in' ? [outputs, inputs] : [inputs, outputs]);

/** Type and shape of the parts of a layer's weight; null where it stays in single precision: where it does not fill NF4's blocks. */
export function partTypes(
  layer: LinearLayer,
  { storage, doubleQuantization }: StorageOptions,
): Readonly<Record<string, TensorType>> | null {
  const shape = shapeOf(layer);
  const count = elements(shape);
  switch (storage) {
    case 'float32':
      return null;
    case 'float16':
    case 'bfloat16':
      return { half: { dtype: storage, shape } };
    case 'int8':
      return { codes: { dtype: 'int8', shape }, scale: { dtype: 'float32', shape: [layer.outputs] } };
    case 'nf4': {
      if (count % nf4Block !== 0) return null;
      const bytes: TensorType = { dtype: 'uint8', shape: [count / 2] };
      const factors = count / nf4Block;
      if (!doubleQuantization) return { bytes, scale: { dtype: 'float32', shape: [factors] } };
      const blocks = Math.ceil(factors / factorBlock);
      return {
        bytes,
        factors: { dtype: 'int8', shape: [blocks, factorBlock] },
        factorScale: { dtype: 'float32', shape: [blocks] },
        factorMean: { dtype: 'float32', shape: [1] },
      };
    }
  }
}

/**
 * Brings a weight matrix into the form in which it is kept; a function of its elements alone.
 * @param data row-major. @returns null when it stays in single precision (see partTypes).
 * @throws EngineError CONFIG_INVALID where float16 or bfloat16 cannot hold it
 */
export function storeWeight(data: Float32Array, layer: LinearLayer, options: StorageOptions): StoredWeight | null {
  const parts = quantizeWeight(data, layer, options);
  return parts && assembleWeight(parts, layer, options);
}

/** The first half of `storeWeight`, the one that takes long. */
export function quantizeWeight(data: Float32Array, layer: LinearLayer, options: StorageOptions): WeightParts | null {
  const { storage, doubleQuantization } = options;
  if (!partTypes(layer, options)) return null;
  if (storage === 'float16' || storage === 'bfloat16') return { half: toHalf(data, layer, storage) };
  if (storage === 'int8') return toInt8(data, shapeOf(layer), layer.layout === 'out-in' ? 0 : 1);
  const { codes: bytes, scale } = toNf4(data);
  if (!doubleQuantization) return { bytes, scale };
  const small = toSmallFactors(scale);
  return { bytes, factors: small.codes, factorScale: small.scale, factorMean: small.mean };
}

/** The numbers of sixteen bits: how a weight is rounded to them, what infinity is in them, and where it begins. */
const halves = {
  float16: { round: float32ToFloat16, infinity: 0x7c00, largest: '65,504' },
  bfloat16: { round: float32ToBfloat16, infinity: 0x7f80, largest: '3.4e38' },
} as const;

/**
 * Rounds a weight to nearest, ties to even; in bfloat16 that of a bfloat16 file is kept as it is.
 * @throws EngineError CONFIG_INVALID where it becomes infinite. In bfloat16 and float32 models weights exist that float16 cannot hold.
 */
function toHalf(data: Float32Array, { name }: LinearLayer, storage: keyof typeof halves): Uint16Array<ArrayBuffer> {
  const { round, infinity, largest } = halves[storage];
  const half = new Uint16Array(data.length);
  round(data, half);
  for (const bits of half) {
    if ((bits & 0x7fff) === infinity)
      throw invalid(
        'model.storage',
        `The weight of ${name} has values that ${storage} cannot hold (above ${largest}). Take ${storage === 'float16' ? 'bfloat16' : 'float32'}, nf4 or int8.`,
      );
  }
  return half;
}

/**
 * The second half of `storeWeight`.
 * @param parts of the types that `partTypes` gives, each in memory of its own. @returns null when it stays in single precision.
 */
export function assembleWeight(parts: WeightParts, layer: LinearLayer, options: StorageOptions): StoredWeight | null {
  const { storage, products = 'float32' } = options;
  const types = partTypes(layer, options);
  if (!types || storage === 'float32') return null;
  const [shape, { layout }] = [shapeOf(layer), layer];
  const part = (name: string): StoredTensor => {
    const [type, data] = [types[name], parts[name]];
    if (!type || !data) throw new Error(`${layer.name} is kept without ${name}`);
    return { ...type, data };
  };
  const tensors = Object.fromEntries(Object.keys(types).map((name) => [name, part(name)]));
  if (storage !== 'nf4') return { storage, products: storage === 'int8' ? products : 'float32', shape, layout, tensors };
  const pairs = new Uint16Array(part('bytes').data.buffer);
  const kept = { ...tensors, codes: { dtype: 'uint16', shape: [pairs.length], data: pairs } } as const;
  const scale = products === 'int8' && layout === 'out-in' ? outputScale(parts, layer) : null;
  if (!scale) return { storage, products: 'float32', shape, layout, tensors: kept };
  return { storage, products, shape, layout, tensors: { ...kept, outputScale: { dtype: 'float32', shape: [layer.outputs], data: scale } } };
}

/**
 * What a step of int8 stands for in each output of a weight in NF4: the largest factor of its blocks / 127.
 * @returns null where blocks reach from one output into the next
 */
function outputScale({ scale, factors, factorScale, factorMean }: WeightParts, { inputs, outputs }: LinearLayer): Float32Array | null {
  if (inputs % nf4Block !== 0) return null;
  const blocks = inputs / nf4Block;
  const whole =
    factors instanceof Int8Array && factorScale instanceof Float32Array && factorMean instanceof Float32Array
      ? wholeFactors({ codes: factors, scale: factorScale, mean: factorMean }, outputs * blocks)
      : scale;
  return Float32Array.from({ length: outputs }, (_, output) => {
    const own = whole?.slice(output * blocks, (output + 1) * blocks) ?? [];
    return Math.max(...Array.from(own, Number)) / 127 || 1;
  });
}

/** Bytes that a stored weight takes. */
export const storedBytes = ({ tensors }: StoredWeight): number => {
  const sizes = new Map(Object.values(tensors).map(({ data }) => [data.buffer, data.byteLength]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
};
