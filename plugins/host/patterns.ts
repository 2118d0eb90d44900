import path from 'node:path';
import { type Loader, transform } from 'esbuild';
import { isWithin } from './is-within.ts';

/** An import of a text that goes on after its beginning: import('./' + name), require(`./${name}.json`). */
const patterns = /\b(?:import|require)\((?:"((?:\\.|[^"\\])*)"\s*\+|'((?:\\.|[^'\\])*)'\s*\+|`((?:\\.|[^`\\$]|\$(?!\{))*)(?:\$\{|`\s*\+))/g;

/**
 * The beginning of an import of a pattern that leads out of a folder; undefined: there is none. Building would look through all that lies
 * there. The code is read as the builder writes it: texts put together, without comments.
 */
export async function patternOutside(text: string, { file, folder, loader }: { file: string; folder: string; loader: Loader }) {
  if (!/\b(?:import|require)\b/.test(text)) return undefined;
  // What does not parse is told when it is built.
  const plain = await transform(text, { loader, minifyWhitespace: true, logLevel: 'silent', tsconfigRaw: {} }).catch(() => undefined);
  for (const [, double, single, template] of plain?.code.matchAll(patterns) ?? []) {
    const begin = double ?? single ?? template ?? '';
    const place = path.resolve(path.dirname(file), begin.slice(0, begin.lastIndexOf('/') + 1));
    if (/^\.{0,2}[\\/]/.test(begin) && !isWithin(folder, place)) return begin;
  }
  return undefined;
}
