import path from 'node:path';

/** Arguments of Node before the path of a TypeScript program: it is run compiled, see compile.mjs. */
export const nodeArguments: readonly string[] = [path.join(import.meta.dirname, 'run.mjs')];
