import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** What a file holds, in short. */
export interface FileContent {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

/** Reads a file through once, in large pieces. */
export async function hashFile(file: string): Promise<FileContent> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    if (!Buffer.isBuffer(chunk)) continue;
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
