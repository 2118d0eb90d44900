import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { deriveSeed, randomSource } from '../random.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { shuffled } from './batches.ts';
import type { Example } from './example.ts';
import { detectFormat, type FormatName, formatNames, formats } from './formats/formats.ts';
import { describeIssue, RowProblems } from './row-problems.ts';
import { type NumberedRow, readRows, rowsOf } from './rows.ts';
import { encodeSegments } from './segments.ts';

/** A JSONL file or JSON array, or rows in memory. */
export type RowSource = { path: string } | { rows: Iterable<unknown> };

export interface BuiltExamples {
  examples: Example[];
  /** What the rows were read as. */
  format: FormatName;
  /** Rows that gave no example; `warnings` say why. */
  skipped: number;
  warnings: string[];
}

export interface Dataset extends Omit<BuiltExamples, 'examples'> {
  train: Example[];
  validation: Example[];
}

/** Rows that detection looks at. */
const detectionRows = 20;

/** Problems of one row that are reported: a conversation may have thousands. */
const issuesPerRow = 3;

/** A purpose of its own among the seeds of a run. */
const splitPurpose = 0x5117;

/**
 * Reads a dataset and turns its rows into token ids and labels; holds out a part of them, the same for the same seed.
 * @param options.seed decides which rows are held out
 * @param options.eosTokenId what ends a completion; the tokenizer's end token if left out
 * @throws EngineError `DATASET_NOT_FOUND`, or `DATASET_INVALID` naming every wrong row (up to 20) by its number
 */
export async function loadDataset(
  source: RowSource,
  { format, maxLength, validationShare }: Pick<TrainingConfig['data'], 'format' | 'maxLength' | 'validationShare'>,
  tokenizer: Tokenizer,
  { seed, eosTokenId }: { seed: number; eosTokenId?: number },
): Promise<Dataset> {
  const name = 'path' in source ? source.path : 'The dataset';
  const collector = new ExampleCollector(name, format, tokenizer, maxLength, eosTokenId ?? tokenizer.eosTokenId);
  for await (const row of 'path' in source ? readRows(source.path) : rowsOf(source.rows)) collector.add(row);
  const { examples, ...rest } = collector.finish();
  const { train, validation } = splitExamples(examples, validationShare, seed);
  if (validationShare > 0 && validation.length === 0)
    rest.warnings.push('There is only one example, so none is held out and there is no evaluation.');
  return { train, validation, ...rest };
}

/**
 * Checks the beginning of a dataset file as training would read it.
 * @param options.rows how many rows are looked at
 * @throws EngineError as `loadDataset`
 */
export async function inspectDataset(
  path: string,
  { format, maxLength, rows }: Pick<TrainingConfig['data'], 'format' | 'maxLength'> & { rows: number },
  tokenizer: Tokenizer,
): Promise<Omit<BuiltExamples, 'examples'>> {
  const collector = new ExampleCollector(path, format, tokenizer, maxLength, tokenizer.eosTokenId);
  let seen = 0;
  for await (const row of readRows(path)) {
    collector.add(row);
    if (++seen === rows) break;
  }
  const { format: found, skipped, warnings } = collector.finish();
  return { format: found, skipped, warnings };
}

/**
 * Turns rows in memory into examples.
 * @throws EngineError `DATASET_INVALID`, as `loadDataset`
 */
export function buildExamples(
  rows: Iterable<unknown>,
  format: FormatName | 'auto',
  tokenizer: Tokenizer,
  maxLength: number,
): BuiltExamples {
  const collector = new ExampleCollector('The dataset', format, tokenizer, maxLength, tokenizer.eosTokenId);
  for (const row of rowsOf(rows)) collector.add(row);
  return collector.finish();
}

/**
 * Holds out `share` of the examples, rounded, but at least one on each side. Both sides keep the order of the rows.
 * @param share 0 to 1; 0 holds out none
 */
function splitExamples(examples: readonly Example[], share: number, seed: number): { train: Example[]; validation: Example[] } {
  if (share === 0 || examples.length < 2) return { train: [...examples], validation: [] };
  const count = Math.min(examples.length - 1, Math.max(1, Math.round(share * examples.length)));
  const heldOut = new Set(shuffled(examples.length, randomSource(deriveSeed(seed, splitPurpose))).slice(0, count));
  return { train: examples.filter((_, index) => !heldOut.has(index)), validation: examples.filter((_, index) => heldOut.has(index)) };
}

/** Takes rows one by one. While the format is not known it keeps them. */
class ExampleCollector {
  readonly #source: string;
  readonly #tokenizer: Tokenizer;
  readonly #maxLength: number;
  readonly #eosTokenId: number;
  readonly #problems: RowProblems;
  readonly #examples: Example[] = [];
  readonly #skipped = new Map<string, number[]>();
  readonly #waiting: { number: number; value: unknown }[] = [];
  #format: FormatName | null;
  #cut = 0;

  constructor(source: string, format: FormatName | 'auto', tokenizer: Tokenizer, maxLength: number, eosTokenId: number) {
    this.#source = source;
    this.#format = format === 'auto' ? null : format;
    this.#tokenizer = tokenizer;
    this.#maxLength = maxLength;
    this.#eosTokenId = eosTokenId;
    this.#problems = new RowProblems(source);
  }

  add(row: NumberedRow): void {
    if ('problem' in row) this.#problems.add(row.number, row.problem);
    else if (this.#format !== null) this.#build(this.#format, row.number, row.value);
    else if (this.#waiting.push(row) === detectionRows) this.#detect();
  }

  finish(): BuiltExamples {
    if (this.#format === null && this.#waiting.length > 0) this.#detect();
    this.#problems.check();
    if (this.#format === null) throw new EngineError('DATASET_INVALID', `${this.#source} has no rows. It needs at least one JSON object.`);
    const warnings = this.#warnings();
    if (this.#examples.length === 0) {
      throw new EngineError('DATASET_INVALID', `${this.#source} has no example to learn from. ${warnings.join(' ')}`.trim());
    }
    const skipped = [...this.#skipped.values()].reduce((sum, numbers) => sum + numbers.length, 0);
    return { examples: this.#examples, format: this.#format, skipped, warnings };
  }

  #detect(): void {
    const found = detectFormat(this.#waiting.map(({ value }) => value));
    if (found === null) throw unknownFormat(this.#source, this.#waiting[0]);
    this.#format = found;
    for (const { number, value } of this.#waiting.splice(0)) this.#build(found, number, value);
  }

  #build(name: FormatName, number: number, value: unknown): void {
    const format = formats[name];
    const read = format.read(value);
    if (!read.ok) {
      for (const issue of read.issues.slice(0, issuesPerRow))
        this.#problems.add(number, `${describeIssue(issue, value)} (${name} needs ${format.needs})`, issue.path.join('.'));
      return;
    }
    try {
      const encoded = encodeSegments(read.segments(this.#tokenizer), this.#tokenizer, this.#maxLength, this.#eosTokenId);
      if (encoded.example === null) this.#skip(encoded.reason, number);
      else {
        this.#examples.push(encoded.example);
        if (encoded.cut) this.#cut++;
      }
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'DATASET_INVALID') throw error;
      this.#problems.add(number, error.message.replace(/\.$/, ''));
    }
  }

  #skip(reason: string, number: number): void {
    const numbers = this.#skipped.get(reason);
    if (numbers) numbers.push(number);
    else this.#skipped.set(reason, [number]);
  }

  #warnings(): string[] {
    const warnings = [...this.#skipped].map(([reason, numbers]) => {
      const named = numbers.slice(0, 5).join(', ') + (numbers.length > 5 ? ', …' : '');
      return `${numbers.length} ${numbers.length === 1 ? 'row was' : 'rows were'} skipped because ${reason} (row ${named}).`;
    });
    if (this.#cut > 0) {
      warnings.push(
        `${this.#cut} ${this.#cut === 1 ? 'example is' : 'examples are'} longer than ${this.#maxLength} tokens and cut at the end. Raise the maximum length to keep them whole.`,
      );
    }
    return warnings;
  }
}

function unknownFormat(source: string, row: { number: number; value: unknown } | undefined): EngineError {
  const first = row?.value;
  const fields = typeof first === 'object' && first !== null && !Array.isArray(first) ? Object.keys(first).slice(0, 10) : null;
  const found = fields
    ? `the first row has ${fields.map((field) => `"${field}"`).join(', ') || 'no fields'}`
    : 'the first row is not a JSON object';
  const known = formatNames.map((name) => `${name} needs ${formats[name].needs}`).join('; ');
  return new EngineError('DATASET_INVALID', `${source} is in no format that is known: ${found}, but ${known}. Rename the fields.`, {
    issues: [{ path: `rows.${row?.number ?? 1}`, message: found }],
  });
}
