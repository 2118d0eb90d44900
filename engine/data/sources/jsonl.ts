import { parseRow } from './json-text.ts';
import { splitLines } from './lines.ts';
import { type ReadRow, tooLongRow } from './row.ts';

/** Reads JSONL: one JSON value a line; blank lines are passed over. Rows carry the byte offset of their line. */
export async function* readJsonl(stream: AsyncIterable<Buffer>): AsyncGenerator<ReadRow[]> {
  for await (const lines of splitLines(stream)) {
    yield lines.flatMap(({ number, offset, bytes }): ReadRow[] => {
      if (bytes === null) return [tooLongRow(number, offset)];
      const row = parseRow(number, bytes, offset);
      return row ? [row] : [];
    });
  }
}
