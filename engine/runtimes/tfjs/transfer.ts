import { type TensorData, type Value, describe, elements } from '../../graph/types.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from '../../weights/float16.ts';
import type { Tensor, TensorFlow } from './tensorflow.ts';

/** What a type of the graph is in TensorFlow.js, which has no double precision and one kind of integers only. */
const dataTypes = {
  float32: 'float32',
  float16: 'float32',
  bfloat16: 'float32',
  int8: 'int32',
  uint8: 'int32',
  uint16: 'int32',
  int32: 'int32',
  int64: 'int32',
  bool: 'bool',
} as const;

/** The element type that a value has in TensorFlow.js. @throws RangeError for double precision. */
export function dataType(value: Value): (typeof dataTypes)[keyof typeof dataTypes] {
  if (value.dtype === 'float64') throw new RangeError(`${value.name} ${describe(value)}: TensorFlow.js computes in single precision only`);
  return dataTypes[value.dtype];
}

/** The elements of an input or weight. @throws when they are missing or their number does not fit. */
export function checked(value: Value, data: TensorData | undefined): TensorData {
  if (!data) throw new Error(`${value.kind} ${value.name} ${describe(value)} is not given`);
  if (data.length !== elements(value.shape)) throw new RangeError(`${value.name} ${describe(value)} was given ${data.length} elements`);
  return data;
}

/** A tensor of the elements of a value. */
export function upload(tf: TensorFlow, value: Value, data: TensorData): Tensor {
  const dtype = dataType(value);
  const shape = [...value.shape];
  if (data instanceof BigInt64Array) return tf.tensor(Int32Array.from(data, Number), shape, dtype);
  if (data instanceof Int8Array || value.dtype === 'uint8' || value.dtype === 'uint16')
    return tf.tensor(Int32Array.from(data, Number), shape, dtype);
  if (data instanceof Uint16Array) {
    const floats = new Float32Array(data.length);
    if (value.dtype === 'bfloat16') bfloat16ToFloat32(data, floats);
    else float16ToFloat32(data, floats);
    return tf.tensor(floats, shape, dtype);
  }
  if (data instanceof Float64Array) return tf.tensor(Float32Array.from(data), shape, dtype);
  return tf.tensor(data, shape, dtype);
}

/** The elements of a tensor, in a buffer of the caller or in one of their own. */
export async function download(tensor: Tensor, into?: TensorData): Promise<TensorData> {
  const data = await tensor.data();
  if (!into) return data.slice();
  if (into instanceof BigInt64Array) into.set(Array.from(data, BigInt));
  else into.set(data);
  return into;
}
