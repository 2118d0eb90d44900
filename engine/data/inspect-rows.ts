import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { Encoded, Encoding } from './encoding.ts';
import { type Example, ignoredLabel, type PreferenceExample } from './example.ts';
import { findFormat, type FormatReader, formatReader, type RowProblem } from './format-reader.ts';
import { type FormatName, sequenceFormats } from './formats/formats.ts';
import { preference } from './formats/preference.ts';
import { type DataSettings } from './load-rows.ts';
import { type DataLocation, openSource, placeOf, type RowPart, type RowSource } from './source.ts';
import type { ReadRow } from './sources/row.ts';
import { tokenRowReader } from './token-steps.ts';

/** A sequence as the model sees it. Of a pair, which of the two answers it holds. */
export interface InspectedSequence {
  answer: 'CHOSEN' | 'REJECTED' | null;
  ids: Int32Array;
  /** For each token, whether the loss is taken on it. */
  isTarget: boolean[];
}

/** A row as it was read, and what training makes of it. */
export interface InspectedRow {
  /** Of a dataset of several files. */
  file: string | null;
  /** Its number in messages: a line, or a place. */
  number: number;
  /** As it was read; undefined where it cannot be. */
  value: unknown;
  /** Why it cannot be used: `field` is the dotted path inside the row. Empty where it can. */
  problems: readonly RowProblem[];
  /** Why there is nothing to learn from it; null where there is, or where it was not encoded. */
  skipped: string | null;
  /** What it gives; empty where it was not encoded. */
  sequences: readonly InspectedSequence[];
  /** Whether it was cut to the maximum length. */
  isCut: boolean;
}

/** A dataset that is read row by row. */
export interface RowInspection {
  format: FormatName;
  /**
   * The rows in order, those that cannot be used among them.
   * @param options.encode which rows are turned into tokens, by their place from 0; others are only checked. Default none.
   * @param options.from rows that are passed over
   */
  rows: (options?: { encode?: (place: number) => boolean; from?: number }) => AsyncGenerator<InspectedRow[]>;
}

/**
 * Opens a dataset to look at its rows one by one, as training would read them, without ever stopping at one that is wrong.
 * @param tokenizer that of the model; null for a dataset of tokens
 * @throws EngineError as `loadTrainingData` for what is wrong with the dataset as a whole
 */
export async function inspectRows(settings: DataSettings, tokenizer: Tokenizer, location: DataLocation = settings): Promise<RowInspection> {
  const source = await openSource(location, Object.values(settings.columns));
  const format = await findFormat(source, { ...settings, badRows: 'skip' });
  const { maxLength, truncation, lossOn, columns } = settings;
  const encoding: Encoding = { tokenizer, maxLength, truncation, lossOn, continues: false };
  const read = rowReader(format, columns, encoding);
  return { format, rows: ({ encode = () => false, from = 0 } = {}) => readAll(source, read, encode, from) };
}

type Result = Pick<InspectedRow, 'problems' | 'skipped' | 'sequences' | 'isCut'>;
type RowReader = (row: ReadRow, encodes: boolean) => Result;

async function* readAll(
  source: RowSource,
  read: RowReader,
  encode: (place: number) => boolean,
  from: number,
): AsyncGenerator<InspectedRow[]> {
  let place = 0;
  for (const part of source.parts) {
    for await (const batch of part.rows()) {
      const rows: InspectedRow[] = [];
      for (const row of batch) {
        if (place >= from) rows.push(inspected(part, row, read(row, encode(place))));
        place++;
      }
      if (rows.length > 0) yield rows;
    }
  }
}

function inspected(part: RowPart, row: ReadRow, result: Result): InspectedRow {
  const { file = null, number } = placeOf(part, row.number);
  return { file, number, value: 'problem' in row ? undefined : row.value, ...result };
}

function rowReader(format: FormatName, columns: DataSettings['columns'], encoding: Encoding): RowReader {
  if (format === 'tokens') return tokensReader(columns, encoding);
  if (format === 'preference') return reader(formatReader(preference, columns), encoding, pairOf);
  return reader(formatReader(sequenceFormats[format], columns), encoding, (example) => [sequenceOf(example, null)]);
}

const pairOf = ({ chosen, rejected }: PreferenceExample): InspectedSequence[] => [
  sequenceOf(chosen, 'CHOSEN'),
  sequenceOf(rejected, 'REJECTED'),
];

/** The first token is predicted from nothing and is no target. */
const sequenceOf = ({ inputIds, labels }: Example, answer: InspectedSequence['answer']): InspectedSequence => ({
  answer,
  ids: inputIds,
  isTarget: Array.from(labels, (label, index) => index > 0 && label !== ignoredLabel),
});

const nothing: Result = { problems: [], skipped: null, sequences: [], isCut: false };

function reader<Item>(rows: FormatReader<Item>, encoding: Encoding, sequencesOf: (item: Item) => InspectedSequence[]): RowReader {
  return (row, encodes) => {
    const checked = rows.check(row);
    if (!checked.ok) return { ...nothing, problems: checked.problems };
    if (!encodes) return nothing;
    const encoded: Encoded<Item> | { problem: RowProblem } = checked.encode(encoding);
    if ('problem' in encoded) return { ...nothing, problems: [encoded.problem] };
    if (encoded.items === null) return { ...nothing, skipped: encoded.reason };
    return { ...nothing, sequences: encoded.items.flatMap(sequencesOf), isCut: encoded.cut };
  };
}

/** Rows of tokens are what they are, whatever the model; ids beyond its vocabulary come out when a run starts. */
function tokensReader(columns: DataSettings['columns'], { tokenizer }: Encoding): RowReader {
  const rows = tokenRowReader(columns, { vocabularySize: Math.max(tokenizer.vocabularySize, 1 << 24), maxPositions: Infinity });
  return (row, encodes) => {
    const checked = rows.check(row);
    if (!checked.ok) return { ...nothing, problems: checked.problems };
    return encodes ? { ...nothing, sequences: checked.step.map((example) => sequenceOf(example, null)) } : nothing;
  };
}
