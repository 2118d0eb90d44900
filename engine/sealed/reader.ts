import { type FileHandle, open, readFile } from 'node:fs/promises';
import { EngineError } from '../errors.ts';
import { chunkBytes, fileKey, headerBytes, keyBytes, openChunk, sealedChunkBytes, sealedSizes } from './format.ts';

/** Chunks that are read from the disk at once. */
const chunksAtOnce = 16;

/** A file of which any part can be read. */
export interface ReadableFile {
  /** Plain bytes in all. */
  bytes: number;
  /** The plain bytes from `start` up to before `end`. Every call reads the file anew. */
  stream: (start?: number, end?: number) => AsyncGenerator<Buffer>;
}

/**
 * Opens a sealed file. Its end is checked at once, so that a file that was cut off is found out before it is used; every other
 * chunk when it is read.
 * @param key of 32 bytes
 * @throws EngineError `DATASET_INVALID` where it was changed, cut off, or sealed with another key
 */
export async function openSealedFile(file: string, key: Buffer): Promise<ReadableFile> {
  const handle = await open(file, 'r');
  try {
    const own = fileKey(file, await read(handle, 0, headerBytes), key);
    const { chunks, bytes } = sealedSizes(file, (await handle.stat()).size);
    await plainChunk(handle, file, own, chunks - 1, true);
    return { bytes, stream: (start = 0, end = bytes) => plainBytes(file, own, chunks, start, Math.min(end, bytes)) };
  } finally {
    await handle.close();
  }
}

/**
 * Reads a key of sealed files.
 * @throws EngineError `DATASET_NOT_FOUND` where it is not there, `DATASET_INVALID` where it is none
 */
export async function readSealedKey(keyFile: string): Promise<Buffer> {
  const key = await readFile(keyFile).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('DATASET_NOT_FOUND', `The key of the encrypted dataset cannot be read: ${reason}`, { cause: error });
  });
  if (key.length === keyBytes) return key;
  throw new EngineError('DATASET_INVALID', `${keyFile} is no key of encrypted files: it has ${key.length} bytes in place of ${keyBytes}.`);
}

async function* plainBytes(file: string, key: Buffer, chunks: number, start: number, end: number): AsyncGenerator<Buffer> {
  if (start >= end) return;
  const handle = await open(file, 'r');
  try {
    const last = Math.floor((end - 1) / chunkBytes);
    for (let index = Math.floor(start / chunkBytes); index <= last; index += chunksAtOnce) {
      const count = Math.min(chunksAtOnce, last - index + 1);
      const sealed = await read(handle, headerBytes + index * sealedChunkBytes, count * sealedChunkBytes);
      const parts = Array.from({ length: count }, (_, place) => {
        const chunk = sealed.subarray(place * sealedChunkBytes, (place + 1) * sealedChunkBytes);
        const plain = openChunk(file, key, index + place, index + place === chunks - 1, chunk);
        const from = (index + place) * chunkBytes;
        return plain.subarray(Math.max(0, start - from), Math.max(0, Math.min(chunkBytes, end - from)));
      });
      yield Buffer.concat(parts);
    }
  } finally {
    await handle.close();
  }
}

/** One chunk of a file that may still be written. */
export async function plainChunk(handle: FileHandle, file: string, key: Buffer, index: number, isLast: boolean): Promise<Buffer> {
  return openChunk(file, key, index, isLast, await read(handle, headerBytes + index * sealedChunkBytes, sealedChunkBytes));
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
