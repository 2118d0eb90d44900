import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { encodeRows } from './encode-rows.ts';
import { type Example, ignoredLabel } from './example.ts';
import { findFormat, formatReader } from './format-reader.ts';
import type { RowFormat } from './formats/format.ts';
import { type FormatName, sequenceFormats } from './formats/formats.ts';
import { preference } from './formats/preference.ts';
import type { DataSettings } from './load-rows.ts';
import { RowProblems } from './row-problems.ts';
import { type DataLocation, openSource, type RowSource } from './source.ts';

/** What the beginning of a dataset is like, read as training would read it. */
export interface DatasetInspection {
  format: FormatName;
  /** Rows that fit the format, but have nothing to learn from, or were left out as bad. */
  skipped: number;
  warnings: string[];
  /** Examples that the rows gave, and their tokens. Pairs of answers are counted as two. 0 for a dataset of tokens. */
  examples: number;
  tokens: number;
  targetTokens: number;
  /** Tokens of the longest example. */
  longest: number;
  /** The first example as the model sees it; empty for a dataset of tokens. */
  preview: string;
}

/**
 * Checks the beginning of a dataset as training would read it.
 * @param rows how many rows are looked at
 * @param location where the rows are, when not at `settings.path`
 * @throws EngineError as `loadTrainingData`
 */
export async function inspectDataset(
  settings: DataSettings,
  tokenizer: Tokenizer,
  rows: number,
  location: DataLocation = settings,
): Promise<DatasetInspection> {
  const source = await openSource(location, Object.values(settings.columns));
  const format = await findFormat(source, settings);
  // Their ids can be checked only against a model.
  if (format === 'tokens') return { format, skipped: 0, warnings: [], examples: 0, tokens: 0, targetTokens: 0, longest: 0, preview: '' };
  const { examples, ...read } =
    format === 'preference'
      ? await readSome(source, preference, settings, tokenizer, rows, ({ chosen, rejected }) => [chosen, rejected])
      : await readSome(source, sequenceFormats[format], settings, tokenizer, rows, (example) => [example]);
  const lengths = examples.map(({ inputIds }) => inputIds.length);
  return {
    format,
    ...read,
    examples: examples.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    targetTokens: examples.reduce((sum, { labels }) => sum + labels.filter((label) => label !== ignoredLabel).length, 0),
    longest: Math.max(...lengths),
    preview: tokenizer.decode(Array.from(examples[0]?.inputIds ?? []), { skipSpecialTokens: false }),
  };
}

async function readSome<Item>(
  source: RowSource,
  format: RowFormat<Item>,
  settings: DataSettings,
  tokenizer: Tokenizer,
  rows: number,
  examplesOf: (item: Item) => Example[],
): Promise<{ examples: Example[]; skipped: number; warnings: string[] }> {
  const { maxLength, truncation, lossOn, columns, badRows } = settings;
  const encoding = { tokenizer, maxLength, truncation, lossOn, continues: false };
  const problems = new RowProblems(source.name, badRows);
  const { items, skipped, warnings } = await encodeRows(source, formatReader(format, columns), encoding, problems, { most: rows });
  return { examples: items.flatMap(examplesOf), skipped, warnings };
}
