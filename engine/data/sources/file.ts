import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EngineError } from '../../errors.ts';
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
  /** On disk. */
  bytes: number;
  /** Rows from the beginning, some at a time; every call reads the file anew. */
  rows(): AsyncIterable<ReadRow[]>;
}

const headBytes = 64 * 1024;

/**
 * Finds out what a file holds.
 * @param columns names that a dataset may have, to tell CSV from other text
 * @throws EngineError `DATASET_NOT_FOUND`; `DATASET_INVALID` where it is none of the kinds that are read
 */
export async function openRowFile(path: string, columns: readonly string[]): Promise<RowFile> {
  const { bytes, head } = await readHead(path);
  const file = (kind: FileKind, gzip: boolean, rows: () => AsyncIterable<ReadRow[]>): RowFile => ({ path, kind, gzip, bytes, rows });
  if (isParquet(head)) return file('parquet', false, () => readParquet(path));
  const gzip = isGzip(head);
  const stream = () => readBytes(path, gzip);
  const text = gzip ? await firstChunk(stream()) : head;
  if (isParquet(text)) throw new EngineError('DATASET_INVALID', `${path} is a Parquet file inside gzip; unpack it.`);
  const kind = textKind(path, text, columns);
  if (kind === 'jsonl') return file(kind, gzip, () => readJsonl(stream()));
  if (kind === 'json') return file(kind, gzip, () => readJsonArray(stream(), path));
  const [header = ''] = text.toString('utf8').split('\n', 1);
  return file(kind, gzip, () => readCsv(stream(), path, header));
}

async function readHead(path: string): Promise<{ bytes: number; head: Buffer }> {
  try {
    const { size } = await stat(path);
    const handle = await open(path, 'r');
    try {
      const head = Buffer.alloc(headBytes);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      return { bytes: size, head: head.subarray(0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) throw new EngineError('DATASET_NOT_FOUND', `There is no dataset ${path}. Check the path.`, { cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('DATASET_NOT_FOUND', `The dataset ${path} cannot be opened: ${reason}`, { cause: error });
  }
}

async function firstChunk(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const chunk of stream) return chunk;
  return Buffer.alloc(0);
}

/** @throws EngineError `DATASET_INVALID` where what was packed cannot be unpacked */
async function* readBytes(path: string, gzip: boolean): AsyncGenerator<Buffer> {
  const packed = createReadStream(path, { highWaterMark: 1 << 18 });
  try {
    yield* buffers(gzip ? unpacked(packed) : packed);
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
