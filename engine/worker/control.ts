import { z } from 'zod';
import { readFileIfThere, replaceFile, runFolderAt } from './run-folder.ts';

const controlSchema = z.object({ command: z.enum(['cancel']) });

/** Asks the worker of a run to end it; the worker looks between steps. */
export function requestCancel(folder: string): void {
  if (!isCancelRequested(folder)) replaceFile(runFolderAt(folder).control, `${JSON.stringify({ command: 'cancel' })}\n`);
}

/** Whether the worker was asked to end the run. */
export function isCancelRequested(folder: string): boolean {
  const text = readFileIfThere(runFolderAt(folder).control);
  if (text === undefined) return false;
  try {
    return controlSchema.safeParse(JSON.parse(text)).data?.command === 'cancel';
  } catch {
    return false;
  }
}
