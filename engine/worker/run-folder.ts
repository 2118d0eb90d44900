import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { TrainingConfig } from '../config.ts';

/** Where everything of a run lies. The worker owns the folder; others read, and write `control` only. */
export interface RunFolder {
  path: string;
  /** The parsed training configuration. */
  config: string;
  /** One line an event, see journal-format.ts. */
  journal: string;
  /** What the worker is asked to do, see control.ts. */
  control: string;
  /** Who works here, see claim.ts. */
  worker: string;
  /** Written each second while the worker lives. */
  heartbeat: string;
  /** What the worker's process printed, and the stacks of unexpected errors. */
  log: string;
}

export function runFolderAt(folder: string): RunFolder {
  const at = (name: string) => path.join(folder, name);
  return {
    path: folder,
    config: at('config.json'),
    journal: at('journal.ndjson'),
    control: at('control.json'),
    worker: at('worker.json'),
    heartbeat: at('heartbeat'),
    log: at('worker.log'),
  };
}

/** Makes the folder of a run with its configuration. One that is there already is left as it is. */
export function createRunFolder(folder: string, config: TrainingConfig): void {
  const { path, config: file } = runFolderAt(folder);
  fs.mkdirSync(path, { recursive: true });
  if (!fs.existsSync(file)) replaceFile(file, `${JSON.stringify(config, null, 2)}\n`);
}

/** Writes a file such that readers see the old content or the whole new one. */
export function replaceFile(file: string, content: string): void {
  const partial = `${file}.${randomUUID()}.partial`;
  fs.writeFileSync(partial, content);
  fs.renameSync(partial, file);
}

/** The content of a file, or undefined when it is not there. */
export function readFileIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
