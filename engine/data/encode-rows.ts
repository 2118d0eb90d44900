import { checkHeap } from './check-heap.ts';
import { Collected } from './collected.ts';
import type { Encoding } from './encoding.ts';
import type { FormatReader } from './format-reader.ts';
import { type Report, silently } from './report.ts';
import type { RowProblems } from './row-problems.ts';
import { placeOf, type RowSource } from './source.ts';

/** Encoding holds up the event loop no longer than it takes to encode so many rows. */
const rowsAtOnce = 64;

export interface EncodedRows<Item> {
  items: Item[];
  /** Rows that fit their format, but have nothing to learn from. */
  skipped: number;
  /** Whether there are no rows beyond `most`. */
  isWhole: boolean;
  warnings: string[];
}

interface EncodeOptions {
  /** Rows that are looked at. */
  most?: number;
  report?: Report;
}

/**
 * The examples of all rows, or of the first `most`.
 * @throws EngineError `DATASET_INVALID` where rows cannot be used, or there is nothing to learn from; `OUT_OF_MEMORY`
 */
export async function encodeRows<Item>(
  source: RowSource,
  reader: FormatReader<Item>,
  encoding: Encoding,
  problems: RowProblems,
  { most = Infinity, report = silently }: EncodeOptions = {},
): Promise<EncodedRows<Item>> {
  const collected = new Collected<Item>(problems);
  const isWhole = await encodeInto(collected, source, reader, encoding, { most, report });
  problems.check();
  const warning = problems.warning();
  collected.mustHaveItems(source.name, encoding);
  return {
    items: collected.items,
    skipped: collected.skipped + problems.count,
    isWhole,
    warnings: [...(warning === null ? [] : [warning]), ...collected.warnings(encoding)],
  };
}

async function encodeInto<Item>(
  collected: Collected<Item>,
  source: RowSource,
  reader: FormatReader<Item>,
  encoding: Encoding,
  { most, report }: Required<EncodeOptions>,
): Promise<boolean> {
  let seen = 0;
  for (const part of source.parts) {
    for await (const rows of part.rows()) {
      for (const row of rows) {
        if (seen++ === most) return false;
        collected.add(placeOf(part, row.number), reader.check(row), encoding);
        if (seen % rowsAtOnce > 0) continue;
        checkHeap(source.name, seen);
        report(() => `Encoding the dataset: ${seen.toLocaleString('en-US')} rows.`);
        await new Promise(setImmediate);
      }
    }
  }
  return true;
}
