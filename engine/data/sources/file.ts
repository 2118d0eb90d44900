import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EngineError } from '../../errors.ts';
import { isSealed, sealedSuffix } from '../../sealed/format.ts';
import { openSealedFile, type ReadableFile, readSealedKey } from '../../sealed/reader.ts';
import { isMissing } from '../../weights/durable.ts';
import { readCsv } from './csv.ts';
import { readJsonArray } from './json-array.ts';
import { readJsonl } from './jsonl.ts';
import { type FileKind, isGzip, isParquet, textKind } from './kind.ts';
import { readParquet } from './parquet.ts';
import type { ReadRow } from './row.ts';

/** A file of rows. */
export interface RowFile {
  path: string;
  kind: FileKind;
  gzip: boolean;
  /** Whether it is encrypted. */
  sealed: boolean;
  /** On disk. */
  bytes: number;
  /** Rows from the beginning, some at a time; every call reads the file anew. */
  rows(): AsyncIterable<ReadRow[]>;
}

const headBytes = 64 * 1024;

/**
 * Finds out what a file holds.
 * @param columns names that a dataset may have, to tell CSV from other text
 * @param keyFile where the key of encrypted files is
 * @throws EngineError `DATASET_NOT_FOUND`; `DATASET_INVALID` where it is none of the kinds that are read, or is encrypted and was changed
 */
export async function openRowFile(path: string, columns: readonly string[], keyFile = ''): Promise<RowFile> {
  return openRows(await openContent(path, keyFile), path, columns);
}

/**
 * Finds out what a file holds that is read from somewhere.
 * @param path for messages, and for what its name says
 * @throws EngineError `DATASET_INVALID` as `openRowFile`
 */
export async function openRows(content: ReadableFile, path: string, columns: readonly string[]): Promise<RowFile> {
  const sealed = isSealed(path);
  const { bytes } = content;
  const head = await bytesOf(content.stream(0, headBytes));
  const file = (kind: FileKind, gzip: boolean, rows: () => AsyncIterable<ReadRow[]>): RowFile => ({
    path,
    kind,
    gzip,
    sealed,
    bytes,
    rows,
  });
  if (isParquet(head)) return file('parquet', false, () => readParquet(content, path));
  const gzip = isGzip(head);
  const stream = () => readBytes(content, path, gzip);
  const text = gzip ? await firstChunk(stream()) : head;
  if (isParquet(text)) throw new EngineError('DATASET_INVALID', `${path} is a Parquet file inside gzip; unpack it.`);
  const kind = textKind(sealed ? path.slice(0, -sealedSuffix.length) : path, text, columns);
  if (kind === 'jsonl') return file(kind, gzip, () => readJsonl(stream()));
  if (kind === 'json') return file(kind, gzip, () => readJsonArray(stream(), path));
  const [header = ''] = text.toString('utf8').split('\n', 1);
  return file(kind, gzip, () => readCsv(stream(), path, header));
}

async function openContent(path: string, keyFile: string): Promise<ReadableFile> {
  try {
    if (isSealed(path)) return await openSealedFile(path, await readSealedKey(keyFile));
    // Told now, not in the middle of reading.
    await (await open(path, 'r')).close();
    const { size } = await stat(path);
    return { bytes: size, stream: (start, end) => plainBytes(path, start, end) };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (isMissing(error)) throw new EngineError('DATASET_NOT_FOUND', `There is no dataset ${path}. Check the path.`, { cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('DATASET_NOT_FOUND', `The dataset ${path} cannot be opened: ${reason}`, { cause: error });
  }
}

async function* plainBytes(path: string, start = 0, end = Infinity): AsyncGenerator<Buffer> {
  if (start >= end) return;
  yield* buffers(createReadStream(path, { start, end: end - 1, highWaterMark: 1 << 18 }));
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function firstChunk(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const chunk of stream) return chunk;
  return Buffer.alloc(0);
}

/** @throws EngineError `DATASET_INVALID` where what was packed cannot be unpacked */
async function* readBytes(content: ReadableFile, path: string, gzip: boolean): AsyncGenerator<Buffer> {
  if (!gzip) {
    yield* content.stream();
    return;
  }
  const packed = Readable.from(content.stream());
  try {
    yield* buffers(unpacked(packed));
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string' || !error.code.startsWith('Z_')) throw error;
    throw new EngineError('DATASET_INVALID', `${path} is compressed with gzip, but is damaged or cut off: ${error.message}.`, {
      cause: error,
    });
  } finally {
    packed.destroy();
  }
}

function unpacked(packed: Readable): Readable {
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  packed.once('error', (error) => gunzip.destroy(error));
  return packed.pipe(gunzip);
}

async function* buffers(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) yield chunk;
}
