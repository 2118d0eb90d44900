import { EngineError } from '../errors.ts';
import type { Encoded, Encoding } from './encoding.ts';
import type { CheckedRow, RowProblem } from './format-reader.ts';
import { nameRows, type RowPlace, type RowProblems } from './row-problems.ts';

/** Rows that are named in a warning. */
const named = 5;

/** Gathers what rows give, and what is to be told of those that give nothing. */
export class Collected<Item> {
  readonly items: Item[] = [];
  readonly #problems: RowProblems;
  readonly #skipped = new Map<string, { count: number; first: RowPlace[] }>();
  #cut = 0;
  #skippedRows = 0;

  constructor(problems: RowProblems) {
    this.#problems = problems;
  }

  /** Rows that fit their format, but have nothing to learn from. */
  get skipped(): number {
    return this.#skippedRows;
  }

  /** @returns how many items the row gave */
  add(place: RowPlace, row: CheckedRow<Item>, encoding: Encoding): number {
    if (!row.ok) return this.#refuse(place, row.problems);
    const encoded: Encoded<Item> | { problem: RowProblem } = row.encode(encoding);
    if ('problem' in encoded) return this.#refuse(place, [encoded.problem]);
    if (encoded.items === null) {
      this.#skippedRows++;
      const skipped = this.#skipped.get(encoded.reason) ?? { count: 0, first: [] };
      this.#skipped.set(encoded.reason, skipped);
      if (++skipped.count <= named) skipped.first.push(place);
      return 0;
    }
    if (encoded.cut) this.#cut++;
    this.items.push(...encoded.items);
    return encoded.items.length;
  }

  warnings({ maxLength, truncation }: Pick<Encoding, 'maxLength' | 'truncation'>): string[] {
    const warnings = [...this.#skipped].map(([reason, { count, first }]) => {
      const rows = `${nameRows(first)}${count > first.length ? ', …' : ''}`;
      return `${count} ${count === 1 ? 'row was' : 'rows were'} skipped because ${reason} (${rows}).`;
    });
    if (this.#cut > 0) {
      const end = truncation === 'start' ? 'beginning' : 'end';
      warnings.push(
        `${this.#cut} ${this.#cut === 1 ? 'example is' : 'examples are'} longer than ${maxLength} tokens and cut at the ${end}. Raise the maximum length to keep them whole.`,
      );
    }
    return warnings;
  }

  /** @throws EngineError `DATASET_INVALID` when there is nothing to learn from */
  mustHaveItems(source: string, encoding: Encoding): void {
    if (this.items.length > 0) return;
    throw new EngineError('DATASET_INVALID', `${source} has no example to learn from. ${this.warnings(encoding).join(' ')}`.trim());
  }

  #refuse(place: RowPlace, problems: readonly RowProblem[]): number {
    this.#problems.add(place, problems);
    return 0;
  }
}
