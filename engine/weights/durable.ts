import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that, whatever dies when, its path holds either the old content or the whole new one: written aside
 * as `<path>.partial`, flushed to the disk, renamed, and the rename flushed too.
 */
export async function writeDurably(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const partial = `${path}.partial`;
  try {
    const handle = await open(partial, 'w');
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes all of `bytes`: one `write` may take less than it is given. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 1 << 30));
    done += bytesWritten;
  }
}

/**
 * Moves a finished folder to its place, over an older one if there is one. All files in `partial` must have been flushed.
 * Dies it in between, the older folder is left as `<target>.replaced.partial`.
 */
export async function publishFolder(partial: string, target: string): Promise<void> {
  await syncFolder(partial);
  const replaced = `${target}.replaced.partial`;
  await rm(replaced, { recursive: true, force: true });
  try {
    await rename(target, replaced);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  await rename(partial, target);
  await syncFolder(dirname(target));
  await rm(replaced, { recursive: true, force: true });
}

/** Flushes a folder's list of names, without which a rename may be lost in a power cut. Windows has no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** True if an error of the file system says that there is nothing at the path. */
export function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The code of a file system error (`ENOSPC`), or null where it is none. */
export function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Writes a small file durably. */
export const writeText = (file: string, content: string): Promise<void> =>
  writeDurably(file, (handle) => writeAll(handle, new TextEncoder().encode(content)));

/** Makes sure that a file is on the disk. */
export async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
