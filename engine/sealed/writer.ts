import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { chunkBytes, fileKey, headerBytes, newHeader, sealChunk, sealedChunkBytes } from './format.ts';
import { plainChunk } from './reader.ts';

/** Writes a sealed file from its beginning to its end. What does not fill a chunk yet is in memory only. */
export class SealedWriter {
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly #key: Buffer;
  /** Chunks on disk. */
  #chunks: number;
  /** At least one byte behind them is held back while there is any: the last chunk must be known to be the last. */
  #tail = Buffer.alloc(0);

  private constructor(handle: FileHandle, file: string, key: Buffer, chunks: number) {
    this.#handle = handle;
    this.#file = file;
    this.#key = key;
    this.#chunks = chunks;
  }

  /**
   * Makes the file, or goes on with one that was not finished, at the end of its last whole chunk.
   * @param key of 32 bytes
   */
  static async open(file: string, key: Buffer): Promise<SealedWriter> {
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const { size } = await handle.stat();
      if (size < headerBytes) {
        const header = newHeader();
        await handle.truncate(0);
        await writeAt(handle, header, 0);
        return new SealedWriter(handle, file, fileKey(file, header, key), 0);
      }
      const header = Buffer.alloc(headerBytes);
      await handle.read(header, 0, headerBytes, 0);
      const ownKey = fileKey(file, header, key);
      const chunks = await soundChunks(handle, file, ownKey, Math.floor((size - headerBytes) / sealedChunkBytes));
      await handle.truncate(headerBytes + chunks * sealedChunkBytes);
      return new SealedWriter(handle, file, ownKey, chunks);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Plain bytes so far. */
  get bytes(): number {
    return this.#chunks * chunkBytes + this.#tail.length;
  }

  /** Size that the file has on disk. */
  get fileBytes(): number {
    return headerBytes + this.#chunks * sealedChunkBytes;
  }

  /** What the file holds so far. @throws EngineError `DATASET_INVALID` where it was changed */
  async *written(): AsyncGenerator<Buffer> {
    for (let index = 0; index < this.#chunks; index++) yield await plainChunk(this.#handle, this.#file, this.#key, index, false);
    yield this.#tail;
  }

  async append(bytes: Uint8Array): Promise<void> {
    const all = Buffer.concat([this.#tail, bytes]);
    // One byte at least stays behind.
    const whole = Math.max(0, Math.ceil(all.length / chunkBytes) - 1);
    const sealed = Array.from({ length: whole }, (_, place) =>
      sealChunk(this.#key, this.#chunks + place, false, all.subarray(place * chunkBytes, (place + 1) * chunkBytes)),
    );
    if (whole > 0) await writeAt(this.#handle, Buffer.concat(sealed), this.fileBytes);
    this.#chunks += whole;
    this.#tail = Buffer.from(all.subarray(whole * chunkBytes));
  }

  /** Writes the last chunk and closes the file, which is whole and on the disk then. */
  async finish(): Promise<void> {
    await writeAt(this.#handle, sealChunk(this.#key, this.#chunks, true, this.#tail), this.fileBytes);
    await this.#handle.sync();
    await this.#handle.close();
  }

  /** Closes the file as it is. Whoever goes on with it does so behind its last whole chunk. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** What was being written when the machine went down, or was sealed as the end, is written again. */
async function soundChunks(handle: FileHandle, file: string, key: Buffer, chunks: number): Promise<number> {
  if (chunks === 0) return 0;
  const isSound = await plainChunk(handle, file, key, chunks - 1, false).then(
    () => true,
    () => false,
  );
  return isSound ? chunks : chunks - 1;
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
