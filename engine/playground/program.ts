import path from 'node:path';

/** The program of a playground process. */
export const playgroundProgram = path.join(import.meta.dirname, 'main.ts');
