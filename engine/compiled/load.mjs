import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { compile } from './compile.mjs';

/**
 * Loads a TypeScript program: compiled, or as it is where that cannot be done or kept.
 * @param {string} program absolute path of its file
 */
export async function load(program) {
  const compiled = await compile(program).catch(() => null);
  if (compiled === null) (await import('tsx/esm/api')).register({ tsconfig: false });
  else process.setSourceMapsEnabled(true);
  return import(pathToFileURL(compiled ?? program).href);
}
