import fs from 'node:fs';
import path from 'node:path';
import { claim, EngineError } from '@anneal/engine';
import { Conflict, Unavailable } from './errors.ts';

/**
 * Makes the data folder where needed and takes it for this process: two studios would both look after the same runs.
 * @returns gives it back.
 * @throws Unavailable when it cannot be written, Conflict when another studio uses it
 */
export function openDataFolder(folder: string): () => void {
  const file = path.join(folder, 'studio.json');
  try {
    fs.mkdirSync(path.join(folder, 'runs'), { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
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
