import { z } from 'zod';
import { EngineError } from '../errors.ts';

/** Bytes of one element, by the names that the safetensors format gives its types. */
export const elementBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type SafetensorsDtype = keyof typeof elementBytes;

/** Where a tensor lies. `begin` and `end` (exclusive) count from the start of the file. */
export interface TensorEntry {
  dtype: SafetensorsDtype;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  /** In the order in which they lie in the file. */
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

/** The limit of the reference implementation: a longer header is an attack or garbage. */
export const maximumHeaderBytes = 100_000_000;

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const metadataSchema = z.record(z.string(), z.string());

/** The error for a file that cannot be believed. */
export function brokenFile(file: string, problem: string, cause?: unknown): EngineError {
  const message = `${file} is damaged or incomplete: ${problem} Download or copy it again.`;
  return new EngineError('MODEL_BROKEN', message, { issues: [{ path: file, message: problem }], cause });
}

/**
 * Reads and believes nothing: every tensor's type is known, its bytes are what type and shape need, and the tensors lie
 * in the data part one after the other without hole or overlap, from its first byte to its last.
 * @param file path, for messages
 * @param text the JSON header
 * @param dataBegin where the data part begins in the file, bytes
 * @param fileBytes size of the file
 * @throws EngineError `MODEL_BROKEN`
 */
export function parseSafetensorsHeader(file: string, text: string, dataBegin: number, fileBytes: number): SafetensorsHeader {
  const entries = Object.entries(parseObject(file, text));
  const metadata: Record<string, string> = {};
  const tensors: [string, TensorEntry][] = [];
  for (const [name, value] of entries) {
    if (name === '__metadata__') Object.assign(metadata, parseMetadata(file, value));
    else tensors.push([name, parseEntry(file, name, value, dataBegin)]);
  }
  // A tensor without elements takes no room: of two that begin together it comes first.
  tensors.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let expected = dataBegin;
  let previous = 'the header';
  for (const [name, entry] of tensors) {
    if (entry.begin !== expected) {
      const what = entry.begin > expected ? 'there is a hole between' : 'bytes are shared by';
      const where = `it begins at byte ${entry.begin}, expected ${expected}`;
      throw brokenFile(file, `${what} ${previous} and tensor "${name}": ${where}.`);
    }
    if (entry.end > fileBytes) {
      throw brokenFile(file, `tensor "${name}" ends at byte ${entry.end}, but the file has ${fileBytes} bytes.`);
    }
    expected = entry.end;
    previous = `tensor "${name}"`;
  }
  if (expected !== fileBytes) {
    throw brokenFile(file, `its tensors end at byte ${expected}, but the file has ${fileBytes} bytes.`);
  }
  return { tensors: new Map(tensors), metadata };
}

function parseObject(file: string, text: string): object {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw brokenFile(file, 'its header is not valid JSON.', error);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw brokenFile(file, 'its header is not a JSON object.');
  return header;
}

function parseMetadata(file: string, value: unknown): Record<string, string> {
  const metadata = metadataSchema.safeParse(value);
  if (!metadata.success) throw brokenFile(file, '"__metadata__" in its header is not a table of strings.');
  return metadata.data;
}

function parseEntry(file: string, name: string, value: unknown, dataBegin: number): TensorEntry {
  const entry = entrySchema.safeParse(value);
  if (!entry.success) {
    const [issue] = entry.error.issues;
    const where = issue && issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
    throw brokenFile(file, `the header's entry for tensor "${name}" is wrong: ${where}${issue?.message ?? 'unreadable'}.`);
  }
  const { dtype, shape } = entry.data;
  const [begin, end] = entry.data.data_offsets;
  if (!isDtype(dtype))
    throw brokenFile(file, `tensor "${name}" has the unknown type "${dtype}" (known: ${Object.keys(elementBytes).join(', ')}).`);
  const needed = shape.reduce((product, size) => product * size, elementBytes[dtype]);
  if (!Number.isSafeInteger(needed) || end - begin !== needed) {
    const range = `bytes ${begin} to ${end} (${end - begin} bytes)`;
    throw brokenFile(
      file,
      `tensor "${name}" is ${dtype} [${shape.join(', ')}], which needs ${needed} bytes, but its header says ${range}.`,
    );
  }
  return { dtype, shape, begin: dataBegin + begin, end: dataBegin + end };
}

function isDtype(name: string): name is SafetensorsDtype {
  return Object.hasOwn(elementBytes, name);
}
