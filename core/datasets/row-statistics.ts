import type { InspectedRow } from '@anneal/engine';
import type { DatasetStatistics } from './data-protocol.ts';
import { DistinctRows } from './distinct-rows.ts';
import { LanguageCounts } from './languages.ts';
import { LengthCounts } from './length-counts.ts';

/** Fewer learned tokens than this, the end token among them, and there is hardly anything to learn. */
const fewTokens = 3;
/** Row numbers that are kept as examples. */
const mostExamples = 100;

/** Counts what rows are like together, in one pass and little memory (8 to 16 bytes a row). */
export class RowStatistics {
  readonly #distinct = new DistinctRows();
  readonly #lengths = new LengthCounts();
  readonly #languages = new LanguageCounts();
  readonly #duplicates: number[] = [];
  readonly #nearlyEmpty: number[] = [];
  #usable = 0;
  #skipped = 0;
  #duplicateCount = 0;
  #nearlyEmptyCount = 0;
  #targetTokens = 0;

  /** @param isCounted whether the row was turned into tokens */
  add(row: InspectedRow, isCounted: boolean): void {
    if (row.value !== undefined && !this.#distinct.add(JSON.stringify(row.value))) {
      this.#duplicateCount++;
      if (this.#duplicates.length < mostExamples) this.#duplicates.push(row.number);
    }
    if (row.problems.length > 0) return;
    if (row.skipped !== null) this.#skipped++;
    else this.#usable++;
    if (!isCounted || row.skipped !== null) return;
    const targets = row.sequences.reduce((sum, { isTarget }) => sum + isTarget.filter(Boolean).length, 0);
    this.#targetTokens += targets;
    this.#lengths.add(row.sequences.reduce((sum, { ids }) => sum + ids.length, 0));
    this.#languages.add(row.value);
    if (targets >= fewTokens * row.sequences.length) return;
    this.#nearlyEmptyCount++;
    if (this.#nearlyEmpty.length < mostExamples) this.#nearlyEmpty.push(row.number);
  }

  result(): DatasetStatistics {
    const lengths = this.#lengths;
    return {
      usableRows: this.#usable,
      skippedRows: this.#skipped,
      countedRows: lengths.count,
      tokens: lengths.sum,
      targetTokens: this.#targetTokens,
      median: lengths.percentile(0.5),
      percentile90: lengths.percentile(0.9),
      percentile99: lengths.percentile(0.99),
      longest: lengths.longest,
      lengths: lengths.histogram(),
      nearlyEmptyRows: this.#nearlyEmptyCount,
      firstNearlyEmptyRows: this.#nearlyEmpty,
      duplicateRows: this.#duplicateCount,
      firstDuplicateRows: this.#duplicates,
      languages: this.#languages.result(),
    };
  }
}
