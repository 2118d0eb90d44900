import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import { isMissing, publishFolder, systemErrorCode } from '../weights/durable.ts';

/**
 * Makes a folder whose content is there whole or not at all: written beside it as `<folder>.export.partial` and renamed when it
 * is finished. What goes wrong in between leaves nothing behind.
 * @param folder does not exist yet, or is empty
 * @throws EngineError `EXPORT_FAILED` where it is not empty, cannot be written, or the disk is full; what `write` throws
 */
export async function fillFolder<T>(folder: string, write: (partial: string) => Promise<T>): Promise<T> {
  const target = path.resolve(folder);
  const partial = `${target}.export.partial`;
  try {
    await checkEmpty(target);
    await mkdir(path.dirname(target), { recursive: true });
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    const result = await write(partial);
    await publishFolder(partial, target);
    return result;
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw unwritable(target, error);
  }
}

async function checkEmpty(folder: string): Promise<void> {
  try {
    if (!(await stat(folder)).isDirectory()) throw failed(`${folder} is a file. Name a new folder.`);
    if ((await readdir(folder)).length > 0) throw failed(`${folder} is not empty. Name a new folder, or empty this one.`);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function unwritable(folder: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === null || error instanceof EngineError) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const advice = full ? 'The disk is full: make room and export again.' : 'Check the folder and its permissions.';
  return failed(`${folder} cannot be written: ${error instanceof Error ? error.message : code}. ${advice}`, error);
}

function failed(message: string, cause?: unknown): EngineError {
  return new EngineError('EXPORT_FAILED', message, { issues: [{ path: 'out', message }], cause });
}
