import { invalid } from '../adapters/names.ts';
import { elements, type DataType, type TensorData, type TensorType } from '../graph/types.ts';
import { nf4Block } from '../graph/ops/stored-weights.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { float32ToFloat16 } from '../weights/float16.ts';
import { factorBlock, toSmallFactors } from './factors.ts';
import { toInt8, transposeCodes } from './int8.ts';
import { toNf4 } from './nf4.ts';

/** How the frozen weights of linear layers are kept in memory. */
export const storages = ['float32', 'float16', 'int8', 'nf4'] as const;
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
   * float16: `half`. int8: `codes` and `scale`, a factor for each output; with int8 products `forward` int8 [in, out] and
   * `backward` int8 [out, in] in place of `codes`. nf4: `bytes` and `codes`, which share memory, and `scale` (see nf4Product); with
   * double quantisation `factors` int8 [blocks, 256], `factorScale` [blocks] and `factorMean` [1] in place of `scale`.
   */
  tensors: Readonly<Record<string, StoredTensor>>;
}

/** The name that a part of a stored weight has among the weights of a graph. */
export const partName = (weight: string, part: string): string => `${weight}:${part}`;

export interface StorageOptions {
  storage: Storage;
  /** int8 is for int8 storage; with another one it changes nothing. */
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
      return { half: { dtype: 'float16', shape } };
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
 * @throws EngineError CONFIG_INVALID where float16 cannot hold it
 */
export function storeWeight(data: Float32Array, layer: LinearLayer, options: StorageOptions): StoredWeight | null {
  const parts = quantizeWeight(data, layer, options);
  return parts && assembleWeight(parts, layer, options);
}

/** The first half of `storeWeight`, the one that takes long. */
export function quantizeWeight(data: Float32Array, layer: LinearLayer, options: StorageOptions): WeightParts | null {
  const { storage, doubleQuantization } = options;
  if (!partTypes(layer, options)) return null;
  if (storage === 'float16') {
    const half = new Uint16Array(data.length);
    float32ToFloat16(data, half);
    checkRange(half, layer);
    return { half };
  }
  if (storage === 'int8') return toInt8(data, shapeOf(layer), layer.layout === 'out-in' ? 0 : 1);
  const { codes: bytes, scale } = toNf4(data);
  if (!doubleQuantization) return { bytes, scale };
  const small = toSmallFactors(scale);
  return { bytes, factors: small.codes, factorScale: small.scale, factorMean: small.mean };
}

/**
 * @throws EngineError CONFIG_INVALID where a weight is too large for float16 (above 65,504): it became infinite. In bfloat16 and float32
 *   models such weights exist.
 */
function checkRange(half: Uint16Array, { name }: LinearLayer): void {
  for (const bits of half) {
    if ((bits & 0x7fff) === 0x7c00)
      throw invalid(
        'model.storage',
        `The weight of ${name} has values that float16 cannot hold (above 65,504). Take nf4, int8 or float32.`,
      );
  }
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
  if (storage === 'nf4') {
    const pairs = new Uint16Array(part('bytes').data.buffer);
    const codes: StoredTensor = { dtype: 'uint16', shape: [pairs.length], data: pairs };
    return { storage, products: 'float32', shape, layout, tensors: { ...tensors, codes } };
  }
  if (storage === 'float16' || products === 'float32') return { storage, products: 'float32', shape, layout, tensors };
  const given = part('codes');
  const codes = transposeCodes(new Int8Array(given.data.buffer), shape);
  const turned: StoredTensor = { dtype: 'int8', shape: [...shape].reverse(), data: codes };
  const [backward, forward] = layout === 'out-in' ? [given, turned] : [turned, given];
  return { storage, products, shape, layout, tensors: { forward, backward, scale: part('scale') } };
}

/** Bytes that a stored weight takes. */
export const storedBytes = ({ tensors }: StoredWeight): number => {
  const sizes = new Map(Object.values(tensors).map(({ data }) => [data.buffer, data.byteLength]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
};
