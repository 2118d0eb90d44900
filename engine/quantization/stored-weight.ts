import type { DataType, TensorData } from '../graph/types.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { float32ToFloat16 } from '../weights/float16.ts';
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
   * `backward` int8 [out, in] in place of `codes`. nf4: `bytes` and `codes`, which share memory, and `scale` (see nf4Product).
   */
  tensors: Readonly<Record<string, StoredTensor>>;
}

/** The name that a part of a stored weight has among the weights of a graph. */
export const partName = (weight: string, part: string): string => `${weight}:${part}`;

export interface StorageOptions {
  storage: Storage;
  products?: ProductType;
}

/**
 * Brings a weight matrix into the form in which it is kept; a function of its elements alone.
 * @param data row-major. @returns null when it stays in single precision: an odd size for nf4.
 */
export function storeWeight(
  data: Float32Array,
  { inputs, outputs, layout }: LinearLayer,
  { storage, products = 'float32' }: StorageOptions,
): StoredWeight | null {
  const shape = layout === 'out-in' ? [outputs, inputs] : [inputs, outputs];
  if (storage === 'float16') {
    const half = new Uint16Array(data.length);
    float32ToFloat16(data, half);
    return { storage, products: 'float32', shape, layout, tensors: { half: { dtype: 'float16', shape, data: half } } };
  }
  if (storage === 'int8') {
    const { codes, scale } = toInt8(data, shape, layout === 'out-in' ? 0 : 1);
    const factors: StoredTensor = { dtype: 'float32', shape: [outputs], data: scale };
    const given: StoredTensor = { dtype: 'int8', shape, data: codes };
    if (products === 'float32') return { storage, products, shape, layout, tensors: { codes: given, scale: factors } };
    const turned: StoredTensor = { dtype: 'int8', shape: [...shape].reverse(), data: transposeCodes(codes, shape) };
    const [backward, forward] = layout === 'out-in' ? [given, turned] : [turned, given];
    return { storage, products, shape, layout, tensors: { forward, backward, scale: factors } };
  }
  if (storage === 'nf4') {
    const packed = toNf4(data);
    if (!packed) return null;
    const { codes, scale } = packed;
    const pairs = new Uint16Array(codes.buffer);
    const tensors: StoredWeight['tensors'] = {
      bytes: { dtype: 'uint8', shape: [codes.length], data: codes },
      codes: { dtype: 'uint16', shape: [pairs.length], data: pairs },
      scale: { dtype: 'float32', shape: [scale.length], data: scale },
    };
    return { storage, products: 'float32', shape, layout, tensors };
  }
  return null;
}

/** Bytes that a stored weight takes. */
export const storedBytes = ({ tensors }: StoredWeight): number => {
  const sizes = new Map(Object.values(tensors).map(({ data }) => [data.buffer, data.byteLength]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
};
