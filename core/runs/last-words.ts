import fs from 'node:fs';
import { runFolderAt } from '@anneal/engine';

const tail = 8192;
const longest = 300;
const mark = '=== a worker starts, ';

/** What stands in worker.log before the words of each worker. */
export const attemptMark = (): string => `${mark}${new Date().toISOString()}\n`;

/** The last line for people that the last worker wrote into worker.log: no stack, no bare source line. Null when there is none. */
export function lastWords(runFolder: string): string | null {
  const { log } = runFolderAt(runFolder);
  const size = fs.statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return null;
  const block = Buffer.alloc(Math.min(size, tail));
  const descriptor = fs.openSync(log, 'r');
  try {
    fs.readSync(descriptor, block, 0, block.length, size - block.length);
  } finally {
    fs.closeSync(descriptor);
  }
  const lines = block
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim());
  const ownLines = lines.slice(lines.findLastIndex((line) => line.startsWith(mark)) + 1);
  const spoken = ownLines.filter(
    (line) => /\p{L}{2}/u.test(line) && !/^(at |Node\.js v|node:|file:|\/)/.test(line) && !/^[\w$]+: [^ ]+,?$/.test(line),
  );
  return spoken.at(-1)?.slice(0, longest) ?? null;
}
