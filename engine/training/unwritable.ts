import { EngineError } from '../errors.ts';
import { systemErrorCode } from '../weights/durable.ts';

/** What to tell when something cannot be written into the run folder; other errors stay what they are. */
export function unwritable(what: string, runFolder: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === null || error instanceof EngineError) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const advice = full ? 'The disk is full: make room.' : 'Check the folder, its permissions and limits.';
  const reason = error instanceof Error ? error.message : code;
  return new EngineError('RUN_FOLDER_UNUSABLE', `The ${what} cannot be written into ${runFolder}: ${reason}. ${advice}`, { cause: error });
}
