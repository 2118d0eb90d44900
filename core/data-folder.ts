import fs from 'node:fs';
import path from 'node:path';
import { claim, EngineError } from '@anneal/engine';
import { Conflict, Unavailable } from './errors.ts';

/**
 * Makes the data folder where needed and takes it for this process: two studios would both look after the same runs. Servers that
 * share a database share the folder too, and settle there who does what.
 * @returns gives it back.
 * @throws Unavailable when it cannot be written, Conflict when another studio has it for itself
 */
export function openDataFolder(folder: string, { shared }: { shared: boolean }): () => void {
  const file = path.join(folder, 'studio.json');
  try {
    fs.mkdirSync(path.join(folder, 'runs'), { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
    if (shared) return () => undefined;
    claim(
      file,
      ({ pid }) =>
        `The data folder ${folder} is in use by another studio (process ${pid}). Stop that one, or set DATA_DIR to another folder.`,
    );
  } catch (error) {
    if (error instanceof EngineError) throw new Conflict(error.message, { cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Unavailable(
      `The data folder ${folder} cannot be written: ${reason}. Give this user the right to write there, or set DATA_DIR to another folder.`,
      {
        cause: error,
      },
    );
  }
  return () => fs.rmSync(file, { force: true });
}
