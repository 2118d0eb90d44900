import { readable } from './plain-text.ts';

/** A place in a text, as editors count. */
export interface Place {
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
  /** What stands there: some of its line. */
  excerpt: string;
}

/** Characters before and behind that are shown. */
const [before, behind] = [20, 40];

/** Line and column of an offset, and the text around. @param offset UTF-16 units from the start */
export function placeOf(text: string, offset: number): Place {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
  const line = countOf(text, '\n', offset) + 1;
  const newline = text.indexOf('\n', offset);
  const lineEnd = newline === -1 ? text.length : newline;
  const [from, to] = [Math.max(lineStart, offset - before), Math.min(lineEnd, offset + behind)];
  const excerpt = `${from > lineStart ? '…' : ''}${text.slice(from, to)}${to < lineEnd ? '…' : ''}`;
  return { line, column: offset - lineStart + 1, excerpt: readable(excerpt) };
}

function countOf(text: string, character: string, end: number): number {
  let count = 0;
  for (let found = text.indexOf(character); found !== -1 && found < end; found = text.indexOf(character, found + 1)) count += 1;
  return count;
}
