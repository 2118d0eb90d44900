import type { DataType, TensorData } from '../graph/types.ts';
import type { Device } from '../hardware/device.ts';

export type Attribute = { int: number } | { float: number } | { ints: readonly number[] } | { string: string };

/** What an operator writes its ONNX node with. */
export interface OnnxEmitter {
  /** Where the model will be computed: an operator goes round what its kernel there gets wrong. */
  readonly device: Device;
  /** @param domain empty for ONNX's own operators, `com.microsoft` for ONNX Runtime's. */
  node(type: string, inputs: readonly string[], outputs: readonly string[], attributes?: Record<string, Attribute>, domain?: string): void;
  /** A literal tensor that the node needs beside its inputs (shapes, axes); its name. */
  literal(data: TensorData, dtype: DataType, shape: readonly number[]): string;
}

export const int = (value: number): Attribute => ({ int: value });
export const float = (value: number): Attribute => ({ float: value });
export const ints = (values: readonly number[]): Attribute => ({ ints: values });
export const text = (value: string): Attribute => ({ string: value });

/** A one-dimensional int64 literal. */
export const int64s = (emitter: OnnxEmitter, values: readonly number[]): string =>
  emitter.literal(BigInt64Array.from(values, BigInt), 'int64', [values.length]);
