import type { TrainingConfig } from '../config.ts';
import { EngineError, type Issue } from '../errors.ts';

/** Bad rows that are named; the others are counted. */
const mostNamed = 20;

/** Problems of one row that are named: a conversation may have thousands. */
const mostOfOneRow = 3;

/** Bad rows after which reading stops when they are not to be skipped: such a dataset is something else than it should be. */
const mostCounted = 1000;

/** Where a row is: its number, and its file where the dataset has several. */
export interface RowPlace {
  file?: string;
  number: number;
}

interface Problem {
  place: RowPlace;
  text: string;
  field: string;
}

/** Collects what is wrong with rows, to report it together: one look at the message shows what there is to mend. */
export class RowProblems {
  readonly #source: string;
  readonly #policy: TrainingConfig['data']['badRows'];
  readonly #named: Problem[] = [];
  #count = 0;

  /** @param source what the rows belong to, for the message */
  constructor(source: string, policy: TrainingConfig['data']['badRows']) {
    this.#source = source;
    this.#policy = policy;
  }

  /** Rows that are wrong. */
  get count(): number {
    return this.#count;
  }

  /**
   * Notes a row.
   * @param problems of which each completes "row 14: …"; `field` is the dotted path inside the row, or empty
   * @throws EngineError `DATASET_INVALID` when so many rows are wrong that reading on is no use
   */
  add(place: RowPlace, problems: readonly { text: string; field?: string }[]): void {
    this.#count++;
    if (this.#count <= mostNamed) {
      for (const { text, field = '' } of problems.slice(0, mostOfOneRow)) this.#named.push({ place, text, field });
    }
    if (this.#policy === 'fail' && this.#count >= mostCounted) this.#fail(' Reading stopped there.');
  }

  /** @throws EngineError `DATASET_INVALID` when any row is wrong and none may be skipped */
  check(): void {
    if (this.#policy === 'fail' && this.#count > 0) this.#fail('');
  }

  /** What was left out, in words; null where nothing was. */
  warning(): string | null {
    if (this.#count === 0) return null;
    return `${this.#count === 1 ? '1 row was' : `${this.#count} rows were`} left out because they cannot be used: ${this.#describe()}.`;
  }

  #fail(more: string): never {
    const issues = this.#named.map(({ place: { file, number }, text, field }): Issue => ({
      path: [...(file === undefined ? [] : [file]), 'rows', number, ...(field === '' ? [] : [field])].join('.'),
      message: text,
    }));
    throw new EngineError('DATASET_INVALID', `${this.#source} has rows that cannot be used: ${this.#describe()}.${more}`, { issues });
  }

  #describe(): string {
    const byProblem = new Map<string, RowPlace[]>();
    for (const { text, place } of this.#named) byProblem.set(text, [...(byProblem.get(text) ?? []), place]);
    const parts = [...byProblem].map(([text, places]) => `${nameRows(places)}: ${text}`);
    const unnamed = this.#count - mostNamed;
    return [...parts, ...(unnamed > 0 ? [`and ${unnamed} more ${unnamed === 1 ? 'row' : 'rows'}`] : [])].join('; ');
  }
}

/** `rows 3, 5`, or `part.jsonl row 3, part.jsonl row 5`. */
export function nameRows(places: readonly RowPlace[]): string {
  if (places.some(({ file }) => file !== undefined)) return places.map(({ file, number }) => `${file ?? ''} row ${number}`).join(', ');
  return `${places.length > 1 ? 'rows' : 'row'} ${places.map(({ number }) => number).join(', ')}`;
}
