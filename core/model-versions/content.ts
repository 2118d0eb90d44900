import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type FileContent, hashFile } from '../files/hash-file.ts';

/** A file of a model version. */
export interface VersionFile extends FileContent {
  /** Below the folder of the version, with slashes. */
  name: string;
}

const filesSchema = z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() }));

/** Reads `ModelVersion.files`. */
export const storedFiles = (stored: unknown): VersionFile[] => filesSchema.parse(stored);

/**
 * What a version is known by: SHA-256 over one line for each file, `<SHA-256 of its content>  <name>\n`, in the order of the bytes of
 * the names. It is what `sha256sum` says of its own output for these files, and depends on nothing but names and contents.
 */
export function contentHashOf(files: readonly VersionFile[]): string {
  const lines = [...files]
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
    .map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** Names of all files in a folder and below, with slashes, in their order. Links are passed over. */
export async function fileNames(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort();
}

/** Size and hash of some files of a folder. */
export async function describeFiles(folder: string, names: readonly string[]): Promise<VersionFile[]> {
  const files: VersionFile[] = [];
  // One after the other: several at once would only fight for the disk.
  for (const name of names) files.push({ name, ...(await hashFile(path.join(folder, name))) });
  return files;
}
