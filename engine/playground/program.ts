import path from 'node:path';

/** The program of a playground process, to be run with `nodeArguments`. */
export const playgroundProgram = path.join(import.meta.dirname, 'main.ts');
