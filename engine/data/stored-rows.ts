import type { RowPlace } from './row-problems.ts';
import type { RowStore } from './row-store.ts';
import { placeOf, type RowSource } from './source.ts';
import type { ReadRow } from './sources/row.ts';

/** All rows of a source, on disk. */
export class StoredRows {
  readonly #source: RowSource;
  readonly #stores: readonly RowStore[];
  readonly count: number;

  /** @param stores one for each part of the source */
  constructor(source: RowSource, stores: readonly RowStore[]) {
    this.#source = source;
    this.#stores = stores;
    this.count = stores.reduce((sum, store) => sum + store.count, 0);
  }

  /** @param index from 0, below `count` */
  async read(index: number): Promise<{ place: RowPlace; row: ReadRow }> {
    let left = index;
    for (const [at, store] of this.#stores.entries()) {
      const part = this.#source.parts[at];
      if (left < store.count && part) {
        const row = await store.read(left);
        return { place: placeOf(part, row.number), row };
      }
      left -= store.count;
    }
    throw new RangeError(`row ${index} of ${this.count}`);
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
  }
}
