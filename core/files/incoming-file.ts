import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import { SealedWriter } from '@anneal/engine';

/** A file on its way in: counted and hashed as its bytes come, encrypted where there is a key. Never in memory whole. */
export class IncomingFile {
  readonly path: string;
  readonly #file: PlainWriter | SealedWriter;
  readonly #hash: Hash;

  private constructor(path: string, file: PlainWriter | SealedWriter, hash: Hash) {
    this.path = path;
    this.#file = file;
    this.#hash = hash;
  }

  /**
   * Makes the file, or goes on with one that was left in the middle: what is there is hashed first.
   * @param key null: the file is not encrypted
   */
  static async open(path: string, key: Buffer | null): Promise<IncomingFile> {
    const file = key ? await SealedWriter.open(path, key) : await PlainWriter.open(path);
    const hash = createHash('sha256');
    try {
      for await (const bytes of file.written()) hash.update(bytes);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new IncomingFile(path, file, hash);
  }

  /** What has come so far. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** Whether the file on disk is still the one that was written here: another server may have gone on with it. */
  async isCurrent(): Promise<boolean> {
    const found = await fs.stat(this.path).catch(() => null);
    return found?.size === this.#file.fileBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.append(bytes);
    this.#hash.update(bytes);
  }

  /**
   * Closes the file; it is whole, and on the disk, then.
   * @returns SHA-256 of its content, hexadecimal
   */
  async finish(): Promise<string> {
    await this.#file.finish();
    return this.#hash.digest('hex');
  }

  /** Closes the file as it is, to go on later. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

class PlainWriter {
  readonly #handle: fs.FileHandle;
  bytes: number;

  private constructor(handle: fs.FileHandle, bytes: number) {
    this.#handle = handle;
    this.bytes = bytes;
  }

  static async open(path: string): Promise<PlainWriter> {
    const handle = await fs.open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    return new PlainWriter(handle, (await handle.stat()).size);
  }

  get fileBytes(): number {
    return this.bytes;
  }

  async *written(): AsyncGenerator<Buffer> {
    if (this.bytes === 0) return;
    const stream = this.#handle.createReadStream({ start: 0, end: this.bytes - 1, autoClose: false, highWaterMark: 1 << 20 });
    for await (const chunk of stream) if (Buffer.isBuffer(chunk)) yield chunk;
  }

  async append(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.bytes);
      done += bytesWritten;
      this.bytes += bytesWritten;
    }
  }

  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
