import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { EngineError } from '../errors.ts';
import { isMissing, writeAll, writeDurably } from './durable.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './float16.ts';
import {
  brokenFile,
  elementBytes,
  maximumHeaderBytes,
  parseSafetensorsHeader,
  type SafetensorsDtype,
  type TensorEntry,
} from './safetensors-header.ts';

/** An open `.safetensors` file. Only its header is in memory; tensors are read when they are asked for. */
export interface SafetensorsFile {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Type, shape and place (bytes from the start of the file) of each tensor, in file order. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Record<string, string>;
  /** The tensor's elements as float32, row-major. F32, F16, BF16 and F64 only. */
  read(name: string): Promise<Float32Array>;
  /** The tensor's bytes as they are in the file (little-endian), whatever its type. */
  readBytes(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A tensor to be written: `data` is row-major and holds as many values as `shape` says. */
export interface TensorToWrite {
  name: string;
  dtype: 'F32' | 'BF16' | 'F16';
  shape: readonly number[];
  data: Float32Array;
}

/** Whole numbers of one byte, to be written as they are. */
export type BytesToWrite = { name: string; shape: readonly number[] } & (
  { dtype: 'U8'; data: Uint8Array } | { dtype: 'I8'; data: Int8Array }
);

/** Elements converted at a time, so that a tensor of another type is never in memory twice. */
const chunkElements = 1 << 21;

/**
 * Opens a file in the safetensors format (https://github.com/huggingface/safetensors#format) and checks its whole header.
 * @throws EngineError `MODEL_NOT_FOUND` where there is no file, `MODEL_BROKEN` where it is truncated or its header lies
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await openForReading(path);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new EngineError('MODEL_BROKEN', `${path} is not a file. Check the path.`);
    const { size } = stats;
    if (size < 8) throw brokenFile(path, `it has ${size} bytes, a safetensors file has at least 8.`);
    const prefix = new DataView(new ArrayBuffer(8));
    await readFully(handle, path, new Uint8Array(prefix.buffer), 0);
    const headerBytes = prefix.getBigUint64(0, true);
    if (headerBytes > BigInt(maximumHeaderBytes) || headerBytes > BigInt(size - 8)) {
      const limit = `the file has ${size} bytes and a header at most ${maximumHeaderBytes}`;
      throw brokenFile(path, `its header claims to be ${headerBytes} bytes long, but ${limit}.`);
    }
    const header = new Uint8Array(Number(headerBytes));
    await readFully(handle, path, header, 8);
    const { tensors, metadata } = parseSafetensorsHeader(path, decodeUtf8(path, header), 8 + header.length, size);
    const entryOf = (name: string): TensorEntry => {
      const entry = tensors.get(name);
      if (!entry) throw brokenFile(path, `it has no tensor "${name}".`);
      return entry;
    };
    return {
      path,
      bytes: size,
      tensors,
      metadata,
      read: async (name) => readFloats(handle, path, name, entryOf(name)),
      readBytes: async (name) => {
        const { begin, end } = entryOf(name);
        const bytes = new Uint8Array(end - begin);
        await readFully(handle, path, bytes, begin);
        return bytes;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) throw new EngineError('MODEL_NOT_FOUND', `There is no file ${path}. Check the path.`, { cause: error });
    throw new EngineError('MODEL_BROKEN', `${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw brokenFile(path, 'its header is not UTF-8 text.', error);
  }
}

/** Fills `target` from `position` on. One `read` may give less than it is asked for, and at most 2 GiB. */
async function readFully(handle: FileHandle, path: string, target: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, Math.min(target.length - done, 1 << 30), position + done);
    if (bytesRead === 0) throw brokenFile(path, `it ends at byte ${position + done}, but ${target.length - done} more were expected.`);
    done += bytesRead;
  }
}

async function readFloats(handle: FileHandle, path: string, name: string, { dtype, begin, end }: TensorEntry): Promise<Float32Array> {
  const count = (end - begin) / elementBytes[dtype];
  const result = new Float32Array(count);
  if (dtype === 'F32') {
    await readFully(handle, path, new Uint8Array(result.buffer), begin);
    return result;
  }
  const convert = converterToFloat32(dtype);
  if (!convert) {
    throw new EngineError('MODEL_UNSUPPORTED', `Tensor "${name}" of ${path} has type ${dtype}; weights must be F32, F16, BF16 or F64.`);
  }
  const chunk = new Uint8Array(Math.min(count, chunkElements) * elementBytes[dtype]);
  for (let from = 0; from < count; from += chunkElements) {
    const target = result.subarray(from, Math.min(from + chunkElements, count));
    const source = chunk.subarray(0, target.length * elementBytes[dtype]);
    await readFully(handle, path, source, begin + from * elementBytes[dtype]);
    convert(source, target);
  }
  return result;
}

function converterToFloat32(dtype: TensorEntry['dtype']): ((source: Uint8Array, target: Float32Array) => void) | null {
  switch (dtype) {
    case 'F16':
      return (source, target) => float16ToFloat32(new Uint16Array(source.buffer, 0, target.length), target);
    case 'BF16':
      return (source, target) => bfloat16ToFloat32(new Uint16Array(source.buffer, 0, target.length), target);
    case 'F64':
      return (source, target) => target.set(new Float64Array(source.buffer, 0, target.length));
    default:
      return null;
  }
}

/**
 * All tensors of a file, as float32.
 * @throws EngineError as `openSafetensors`
 */
export async function readSafetensors(
  path: string,
): Promise<{ bytes: number; tensors: Map<string, { shape: number[]; data: Float32Array }> }> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
    for (const [name, { shape }] of file.tensors) tensors.set(name, { shape, data: await file.read(name) });
    return { bytes: file.bytes, tensors };
  } finally {
    await file.close();
  }
}

/**
 * Writes a safetensors file durably: `path` holds the old file or the whole new one, never a part. Tensors lie as the
 * reference implementation puts them (wider types first, then by name), so the same tensors give the same bytes.
 * BF16 and F16 are rounded to nearest, ties to even.
 * @returns the file's size and the SHA-256 of its content, in hexadecimal
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly (TensorToWrite | BytesToWrite)[],
  metadata: Record<string, string> = {},
): Promise<{ bytes: number; sha256: string }> {
  const ordered = fileOrder(tensors);
  for (const { name, shape, data } of ordered) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== data.length)
      throw new RangeError(`Tensor "${name}" has ${data.length} values, its shape [${shape.join(', ')}] needs ${count}.`);
  }
  const header = encodeHeader(ordered, metadata);
  const hash = createHash('sha256');
  let bytes = 0;
  await writeDurably(path, async (handle) => {
    const append = async (part: Uint8Array): Promise<void> => {
      hash.update(part);
      bytes += part.length;
      await writeAll(handle, part);
    };
    await append(header);
    for (const { dtype, data } of ordered) {
      if (dtype === 'U8' || dtype === 'I8') await append(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      else
        for (let from = 0; from < data.length; from += chunkElements)
          await append(encodeFloats(data.subarray(from, from + chunkElements), dtype));
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}

/** Tensors as the reference implementation puts them: wider types first, so that each is aligned, then by name. */
export function fileOrder<T extends { name: string; dtype: SafetensorsDtype }>(tensors: readonly T[]): T[] {
  return [...tensors].sort((a, b) => elementBytes[b.dtype] - elementBytes[a.dtype] || (a.name < b.name ? -1 : 1));
}

/** The bytes of some values (little-endian). BF16 and F16 are rounded to nearest, ties to even. */
export function encodeFloats(values: Float32Array, dtype: TensorToWrite['dtype']): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint16Array(values.length);
  if (dtype === 'BF16') float32ToBfloat16(values, bits);
  else float32ToFloat16(values, bits);
  return new Uint8Array(bits.buffer);
}

/**
 * What a safetensors file begins with: length and JSON, padded with spaces so that the data begins at a multiple of 8.
 * @param tensors in the order in which their bytes follow
 * @throws RangeError where a name is used twice or reserved
 */
export function encodeHeader(
  tensors: readonly { name: string; dtype: SafetensorsDtype; shape: readonly number[] }[],
  metadata: Record<string, string>,
): Uint8Array {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  const names = new Set(['__metadata__']);
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name)) throw new RangeError(`Tensor name "${name}" is used twice or reserved.`);
    names.add(name);
    const count = shape.reduce((product, size) => product * size, 1);
    const end = offset + count * elementBytes[dtype];
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return header;
}
