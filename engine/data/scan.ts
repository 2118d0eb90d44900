import type { RowChecker } from './format-reader.ts';
import { type Report, silently } from './report.ts';
import type { RowProblems } from './row-problems.ts';
import { copiedRows, indexedRows, type RowStore, type StoreBuilder } from './row-store.ts';
import { placeOf, type RowPart, type RowSource } from './source.ts';
import type { ReadRow } from './sources/row.ts';

/** Turns of the event loop are given away after so many rows. */
const rowsAtOnce = 4096;

/** Looks through all rows once, so that nothing that is wrong with one comes out only in the middle of training. */
export async function checkRows(source: RowSource, reader: RowChecker, problems: RowProblems, report: Report = silently): Promise<void> {
  for (const part of source.parts) await checkPart(part, reader, problems, report);
}

/**
 * Looks through all rows, and notes where they are.
 * @returns a store for each part
 */
export async function storeRows(
  source: RowSource,
  reader: RowChecker,
  problems: RowProblems,
  report: Report = silently,
): Promise<RowStore[]> {
  const stores: RowStore[] = [];
  try {
    for (const part of source.parts) {
      const staysInPlace = part.file?.kind === 'jsonl' && !part.file.gzip && !part.file.sealed;
      const builder = staysInPlace ? await indexedRows(part.file?.path ?? '') : await copiedRows(reader.columns);
      try {
        await checkPart(part, reader, problems, report, builder);
        stores.push(await builder.finish());
      } catch (error) {
        await builder.close();
        throw error;
      }
    }
  } catch (error) {
    for (const store of stores) await store.close();
    throw error;
  }
  return stores;
}

async function checkPart(part: RowPart, reader: RowChecker, problems: RowProblems, report: Report, builder?: StoreBuilder): Promise<void> {
  let seen = 0;
  for await (const rows of part.rows()) {
    for (const row of rows) {
      const checked = reader.check(row);
      if (!checked.ok) problems.add(placeOf(part, row.number), checked.problems);
      if (builder) await builder.add(row, checked.ok);
      if (++seen % rowsAtOnce > 0) continue;
      report(() => lookedThrough(part, seen, row));
      await new Promise(setImmediate);
    }
  }
}

function lookedThrough({ file, label }: RowPart, rows: number, { offset }: ReadRow): string {
  const share = file && offset !== undefined && !file.gzip ? `, ${Math.floor((100 * offset) / file.bytes)} % of it` : '';
  return `Looking through ${label ?? file?.path ?? 'the dataset'} before training: ${rows.toLocaleString('en-US')} rows${share}.`;
}
