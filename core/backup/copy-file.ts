import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileContent } from '../files/hash-file.ts';

/** Copies a file that may grow meanwhile, and tells what was copied. The copy is on the disk when this ends, for its owner's eyes only. */
export async function copyFile(from: string, to: string): Promise<FileContent> {
  await fs.mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
  const counter = new Counter();
  await pipeline(createReadStream(from), counter, createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true }));
  return counter.result();
}

/** Lets bytes through, and remembers what they were. */
class Counter extends Transform {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  result(): FileContent {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}
