import fs from 'node:fs';
import { z } from 'zod';
import { readFileIfThere, replaceFile, runFolderAt } from './run-folder.ts';

const controlSchema = z.object({ command: z.enum(['cancel', 'pause']) });

/** What the worker of a run can be asked for. */
export type ControlCommand = z.output<typeof controlSchema>['command'];

/** Asks the worker of a run to end it; the worker looks between steps. It goes before a wish for a pause. */
export function requestCancel(folder: string): void {
  request(folder, 'cancel');
}

/** Asks the worker of a run to save it and to leave; the worker looks between steps. A run that is to be cancelled stays so. */
export function requestPause(folder: string): void {
  if (readRequest(folder) !== 'cancel') request(folder, 'pause');
}

/** Takes the wish for a pause back, before the run is started again. A worker that has seen it pauses all the same. */
export function withdrawPause(folder: string): void {
  if (readRequest(folder) === 'pause') fs.rmSync(runFolderAt(folder).control, { force: true });
}

/** Takes back whatever was asked for, before a run that was paused, cancelled or has failed is started again. */
export function withdrawRequest(folder: string): void {
  fs.rmSync(runFolderAt(folder).control, { force: true });
}

/** What the worker was asked for; null when nothing. */
export function readRequest(folder: string): ControlCommand | null {
  const text = readFileIfThere(runFolderAt(folder).control);
  if (text === undefined) return null;
  try {
    return controlSchema.safeParse(JSON.parse(text)).data?.command ?? null;
  } catch {
    return null;
  }
}

function request(folder: string, command: ControlCommand): void {
  if (readRequest(folder) !== command) replaceFile(runFolderAt(folder).control, `${JSON.stringify({ command })}\n`);
}
