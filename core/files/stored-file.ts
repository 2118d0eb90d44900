import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { isSealed, openSealedFile, type ReadableFile } from '@anneal/engine';
import { NotFound } from '../errors.ts';

/** A file of the data folder, decrypted where it is encrypted. */
export interface StoredFile extends ReadableFile {
  modifiedAt: Date;
}

/**
 * Opens a file of the data folder for reading.
 * @param relative path below the data folder, with slashes
 * @param key of encrypted files; asked for when it is needed
 * @throws NotFound for whatever is no regular file in a folder of the data folder: links, what lies outside, keys and the database
 */
export async function openStoredFile(dataFolder: string, relative: string, key: () => Buffer): Promise<StoredFile> {
  const file = await regularFile(dataFolder, relative);
  if (isSealed(file)) {
    const { mtime } = await fs.stat(file);
    return { ...(await openSealedFile(file, key())), modifiedAt: mtime };
  }
  // Without following a link that has come there meanwhile.
  const handle = await fs.open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  const { size, mtime } = await handle.stat().finally(() => handle.close());
  return { bytes: size, modifiedAt: mtime, stream: (start = 0, end = size) => plainBytes(file, start, end) };
}

async function* plainBytes(file: string, start: number, end: number): AsyncGenerator<Buffer> {
  if (start >= end) return;
  const handle = await fs.open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  // The stream closes it.
  const stream = handle.createReadStream({ start, end: end - 1, highWaterMark: 1 << 18 });
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) yield chunk;
}

/** Folders of the data folder that nothing is ever read from for others. */
const closed = ['keys', 'uploads'];

async function regularFile(dataFolder: string, relative: string): Promise<string> {
  const missing = () => new NotFound('The file is not there (any more).');
  const parts = relative.split('/');
  const [top = ''] = parts;
  const isOdd = parts.some((part) => part === '' || part === '.' || part === '..' || /[\\\0]/.test(part));
  if (isOdd || parts.length < 2 || closed.includes(top)) throw missing();
  const root = await fs.realpath(dataFolder);
  const wanted = path.join(root, ...parts);
  // A link anywhere on the way leads to another path.
  const real = await fs.realpath(wanted).catch(() => null);
  if (real !== wanted || !(await fs.lstat(wanted)).isFile()) throw missing();
  return wanted;
}
