import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../../weights/durable.ts';
import { encodedBytes, type GgmlType, ggmlTypes } from './encode.ts';

/** A value of the metadata; integers are unsigned 32-bit. */
export type MetadataValue =
  | { type: 'uint32'; value: number }
  | { type: 'float32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'int32s'; value: readonly number[] }
  | { type: 'float32s'; value: readonly number[] };

export const uint32 = (value: number): MetadataValue => ({ type: 'uint32', value });
export const float32 = (value: number): MetadataValue => ({ type: 'float32', value });
export const bool = (value: boolean): MetadataValue => ({ type: 'bool', value });
export const string = (value: string): MetadataValue => ({ type: 'string', value });

export interface GgufTensor {
  name: string;
  /** Rows first, as everywhere else; the file has them the other way round. */
  shape: readonly number[];
  type: GgmlType;
}

/** The numbers of the value types in a file. */
const valueTypes = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

/** Tensors begin at multiples of this many bytes: the format's default. */
const alignment = 32;
const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/**
 * Writes a GGUF file, version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), one tensor at a time.
 * @param data the bytes of a tensor; asked for in the order of `tensors`
 */
export async function writeGguf(
  handle: FileHandle,
  metadata: ReadonlyMap<string, MetadataValue>,
  tensors: readonly GgufTensor[],
  data: (tensor: GgufTensor) => Promise<Uint8Array>,
): Promise<void> {
  await writeAll(handle, encodeHead(metadata, tensors));
  for (const tensor of tensors) {
    const bytes = await data(tensor);
    await writeAll(handle, bytes);
    await writeAll(handle, new Uint8Array(padded(bytes.length) - bytes.length));
  }
}

function encodeHead(metadata: ReadonlyMap<string, MetadataValue>, tensors: readonly GgufTensor[]): Uint8Array {
  const head = new ByteWriter();
  head.text('GGUF').uint32(3).uint64(tensors.length).uint64(metadata.size);
  for (const [key, value] of metadata) {
    head.string(key);
    writeValue(head, value);
  }
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    head.string(name).uint32(shape.length);
    for (const size of [...shape].reverse()) head.uint64(size);
    head.uint32(ggmlTypes[type]).uint64(offset);
    offset += padded(
      encodedBytes(
        type,
        shape.reduce((product, size) => product * size, 1),
      ),
    );
  }
  return head.finish(alignment);
}

function writeValue(writer: ByteWriter, value: MetadataValue): void {
  switch (value.type) {
    case 'uint32':
      return void writer.uint32(valueTypes.uint32).uint32(value.value);
    case 'float32':
      return void writer.uint32(valueTypes.float32).float32(value.value);
    case 'bool':
      return void writer.uint32(valueTypes.bool).byte(value.value ? 1 : 0);
    case 'string':
      return void writer.uint32(valueTypes.string).string(value.value);
    case 'strings':
      writer.uint32(valueTypes.array).uint32(valueTypes.string).uint64(value.value.length);
      return value.value.forEach((text) => writer.string(text));
    case 'int32s':
      writer.uint32(valueTypes.array).uint32(valueTypes.int32).uint64(value.value.length);
      return value.value.forEach((number) => writer.uint32(number >>> 0));
    case 'float32s':
      writer.uint32(valueTypes.array).uint32(valueTypes.float32).uint64(value.value.length);
      return value.value.forEach((number) => writer.float32(number));
  }
}

/** Collects little-endian bytes. */
class ByteWriter {
  #buffer = Buffer.alloc(1 << 16);
  #length = 0;

  byte(value: number): this {
    this.#reserve(1).writeUInt8(value, this.#length);
    this.#length += 1;
    return this;
  }

  uint32(value: number): this {
    this.#reserve(4).writeUInt32LE(value, this.#length);
    this.#length += 4;
    return this;
  }

  uint64(value: number): this {
    this.#reserve(8).writeBigUInt64LE(BigInt(value), this.#length);
    this.#length += 8;
    return this;
  }

  float32(value: number): this {
    this.#reserve(4).writeFloatLE(value, this.#length);
    this.#length += 4;
    return this;
  }

  /** The characters alone. */
  text(value: string): this {
    const bytes = Buffer.byteLength(value);
    this.#reserve(bytes).write(value, this.#length);
    this.#length += bytes;
    return this;
  }

  /** Length in bytes, and the characters. */
  string(value: string): this {
    return this.uint64(Buffer.byteLength(value)).text(value);
  }

  /** All bytes, filled up with zeros to a multiple of `multiple`. */
  finish(multiple: number): Uint8Array {
    const rest = (multiple - (this.#length % multiple)) % multiple;
    this.#reserve(rest).fill(0, this.#length, this.#length + rest);
    return this.#buffer.subarray(0, this.#length + rest);
  }

  #reserve(bytes: number): Buffer {
    if (this.#length + bytes <= this.#buffer.length) return this.#buffer;
    const larger = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    return (this.#buffer = larger);
  }
}
