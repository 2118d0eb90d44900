export type FloatType = 'float32' | 'float64';
/** Single precision is computed with; the smaller types hold weights. A float16 or bfloat16 is kept as its bit pattern. */
export type DataType = FloatType | 'float16' | 'bfloat16' | 'int8' | 'uint8' | 'uint16' | 'int32' | 'int64' | 'bool';

/** Element type and static shape of a tensor. A scalar has the shape []. */
export interface TensorType {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

/** Where a value comes from: fed at every run, a model weight, a literal in the graph, or computed by a node. */
export type ValueKind = 'input' | 'weight' | 'constant' | 'result';

/** A tensor in a graph. Values are immutable and compared by identity. */
export interface Value extends TensorType {
  readonly id: number;
  readonly kind: ValueKind;
  /** Unique within the graph. Inputs and weights keep the name they were given. */
  readonly name: string;
}

export type TensorData = Float32Array | Float64Array | Uint16Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;

export interface Constant {
  readonly value: Value;
  readonly data: TensorData;
}

export const elements = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

export const describe = (type: TensorType): string => `${type.dtype}[${type.shape.join(', ')}]`;

/** The element type of a tensor that gradients flow through. */
export function floatType({ dtype, shape }: TensorType): FloatType {
  if (dtype !== 'float32' && dtype !== 'float64') throw new RangeError(`${describe({ dtype, shape })} is no floating point tensor`);
  return dtype;
}

/** A dimension counted from the front, or from the back when negative. */
export function dimension(type: TensorType, axis: number): number {
  const size = type.shape.at(axis);
  if (size === undefined) throw new RangeError(`axis ${axis} of ${describe(type)}`);
  return size;
}

/** The value at a place where an operator always has one. */
export function given(value: Value | undefined): Value {
  if (!value) throw new RangeError('an operator was given too few tensors');
  return value;
}

export const first = (values: readonly Value[]): Value => given(values[0]);
