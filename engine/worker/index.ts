import path from 'node:path';

export { nodeArguments } from '../compiled/node-arguments.ts';
export { claim, type Owner, readOwner } from './claim.ts';
export { requestCancel, requestPause, withdrawRequest } from './control.ts';
export { type FailedEvent, isFinal, type JournalEvent, type JournalLine, parseJournalLine } from './journal-format.ts';
export { inspectWorker, type WorkerState } from './liveness.ts';
export { createRunFolder, type RunFolder, runFolderAt } from './run-folder.ts';
export { runAsProcess } from './run-as-process.ts';
export { type Train } from './work.ts';

/** The program of a worker process, to be run with `nodeArguments`; its argument is the run folder. */
export const workerProgram = path.join(import.meta.dirname, 'main.ts');
