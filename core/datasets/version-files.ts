import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { sealedSuffix } from '@anneal/engine';
import { IncomingFile } from '../files/incoming-file.ts';

const known = /\.(jsonl|ndjson|json|csv|tsv|parquet)(\.gz)?$/i;

/** The end of a file's name that tells what it holds, from a list of ours: nothing else of a name ever gets onto the disk. */
const extensionOf = (fileName: string): string => known.exec(fileName)?.[0].toLowerCase() ?? '.jsonl';

/** Where the files of validation lie, in the folder of a version. Its name is part of what encrypted files are bound to. */
export const validationFolder = (folder: string): string => path.join(folder, `${path.basename(folder)}-validation`);

/** A file to take in. */
export interface SourceFile {
  /** Tells what it holds. */
  name: string;
  bytes: AsyncIterable<Uint8Array>;
}

export interface TakenIn {
  /** SHA-256 of the content; of several files, of the list of their hashes. */
  contentHash: string;
  bytes: number;
}

/**
 * Writes files into a new folder as 00001.jsonl, 00002.jsonl, …, encrypted where there is a key; what was there before is removed.
 * @param validation files that are held out, in a folder of their own
 */
export async function takeIn(
  folder: string,
  files: Iterable<SourceFile> | AsyncIterable<SourceFile>,
  validation: Iterable<SourceFile>,
  key: Buffer | null,
): Promise<TakenIn> {
  await fs.rm(folder, { recursive: true, force: true });
  const train = await writeAll(folder, files, key);
  const heldOut = await writeAll(validationFolder(folder), validation, key);
  const all = [...train, ...heldOut.map(({ hash, bytes }) => ({ hash: `validation ${hash}`, bytes }))];
  const [only] = all;
  const contentHash = all.length === 1 && only ? only.hash : sha256(all.map(({ hash }) => `${hash}\n`).join(''));
  return { contentHash, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function writeAll(
  folder: string,
  files: Iterable<SourceFile> | AsyncIterable<SourceFile>,
  key: Buffer | null,
): Promise<{ hash: string; bytes: number }[]> {
  const written: { hash: string; bytes: number }[] = [];
  for await (const { name, bytes } of files) {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await IncomingFile.open(path.join(folder, storedName(written.length + 1, name, key !== null)), key);
    try {
      for await (const chunk of bytes) await file.append(chunk);
    } catch (error) {
      await file.close();
      throw error;
    }
    const size = file.bytes;
    written.push({ hash: await file.finish(), bytes: size });
  }
  return written;
}

/**
 * Makes the folder of an upload the folder of a version, unless it is already: two versions of the same content may both want it.
 * @param fileName tells what it holds
 */
export async function moveUpload(from: string, to: string, fileName: string): Promise<void> {
  await fs.mkdir(path.dirname(to), { recursive: true });
  await renameUnlessDone(from, to);
  for (const name of ['00001.part', '00001.sealed'])
    await renameUnlessDone(path.join(to, name), path.join(to, storedName(1, fileName, name.endsWith(sealedSuffix))));
}

async function renameUnlessDone(from: string, to: string): Promise<void> {
  await fs.rename(from, to).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}

const storedName = (number: number, name: string, isSealed: boolean): string =>
  `${String(number).padStart(5, '0')}${extensionOf(name)}${isSealed ? sealedSuffix : ''}`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
