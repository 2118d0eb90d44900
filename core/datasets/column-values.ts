import { openSource, type ReadRow, type TrainingConfig } from '@anneal/engine';
import type { ColumnRow } from './data-protocol.ts';

interface Wanted {
  columns: readonly string[];
  /** Rows that are passed over. */
  offset: number;
  /** Rows at most. */
  limit: number;
}

/** An answer has no more text than this, and one row at least. UTF-16 units. */
const mostText = 4_000_000;

/**
 * Whole values of some columns, rows after rows. Whoever asks for what follows goes on where the last answer ended: a long file is read
 * once.
 */
export class ColumnReader {
  #open: { name: string; place: number; rows: AsyncIterator<ReadRow> } | undefined;

  async read(settings: TrainingConfig['data'], { columns, offset, limit }: Wanted): Promise<ColumnRow[]> {
    const name = JSON.stringify([settings.path, columns]);
    if (this.#open?.name !== name || this.#open.place > offset) {
      await this.#open?.rows.return?.();
      this.#open = { name, place: 0, rows: rowsOf(settings, columns) };
    }
    const open = this.#open;
    const found: ColumnRow[] = [];
    let text = 0;
    while (found.length < limit && text < mostText) {
      const next = await open.rows.next();
      if (next.done) break;
      open.place++;
      if (open.place <= offset) continue;
      const row = valuesOf(next.value, open.place, columns);
      text += JSON.stringify(row.values).length;
      found.push(row);
    }
    return found;
  }
}

async function* rowsOf(settings: TrainingConfig['data'], columns: readonly string[]): AsyncGenerator<ReadRow> {
  const { parts } = await openSource(settings, columns);
  for (const part of parts) for await (const batch of part.rows()) yield* batch;
}

function valuesOf(row: ReadRow, place: number, columns: readonly string[]): ColumnRow {
  if ('problem' in row) return { row: place, values: {}, names: [], problem: row.problem };
  const names = typeof row.value === 'object' && row.value !== null ? Object.keys(row.value) : [];
  const values = columns.flatMap((column): [string, unknown][] => {
    const value = valueAt(row.value, column);
    return value === undefined ? [] : [[column, value]];
  });
  return { row: place, values: Object.fromEntries(values), names: names.slice(0, 100), problem: null };
}

/** A column by its name, or what lies inside of one: `messages.0.content`. */
function valueAt(value: unknown, path: string): unknown {
  const own = fieldOf(value, path);
  return own === undefined ? path.split('.').reduce<unknown>(fieldOf, value) : own;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
