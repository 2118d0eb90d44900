import { z } from 'zod';

/** How rows are read: a part of a training configuration's `data`, whose paths are absolute. */
const settings = z.looseObject({ path: z.string() });
const window = { offset: z.int().min(0), limit: z.int().min(1) };

/** What a process that reads datasets is asked. */
const dataRequest = z.discriminatedUnion('type', [
  z.object({ type: z.literal('check'), settings, tokenizer: z.string() }),
  z.object({ type: z.literal('preview'), settings, tokenizer: z.string(), ...window }),
  z.object({ type: z.literal('rows'), settings, ...window }),
  z.object({ type: z.literal('columns'), settings, columns: z.array(z.string()), ...window }),
  z.object({ type: z.literal('hub'), path: z.string(), revision: z.string(), split: z.string(), validationSplit: z.string().nullable() }),
]);
export type DataRequest = z.output<typeof dataRequest>;

export const dataQuestion = z.object({ id: z.int(), request: dataRequest });
export type DataQuestion = z.output<typeof dataQuestion>;

/** What it answers; `problem` is for people. */
export const dataAnswer = z.discriminatedUnion('type', [
  z.object({ id: z.int(), type: z.literal('result'), value: z.unknown() }),
  z.object({ id: z.int(), type: z.literal('problem'), message: z.string() }),
]);
export type DataAnswer = z.output<typeof dataAnswer>;

/** Something that is wrong with a row, or with the whole file: then `row` is null. */
export const rowProblem = z.object({
  file: z.string().nullable(),
  row: z.int().nullable(),
  /** Dotted path inside the row; empty for the row as a whole. */
  path: z.string(),
  message: z.string(),
  /** The beginning of the row, as JSON. */
  text: z.string(),
});
export type RowProblem = z.output<typeof rowProblem>;

const rowNumbers = z.array(z.int());

export const datasetStatistics = z.object({
  /** Rows that training can use. */
  usableRows: z.int(),
  /** Rows in order of which there is nothing to learn: an answer that is empty. */
  skippedRows: z.int(),
  /** Rows whose tokens were counted: the first ones. The numbers up to `languages` are about these. */
  countedRows: z.int(),
  tokens: z.number(),
  /** Tokens that the loss is taken on. */
  targetTokens: z.number(),
  /** Tokens of a row; of pairs, of both answers. */
  median: z.int(),
  percentile90: z.int(),
  percentile99: z.int(),
  longest: z.int(),
  lengths: z.array(z.object({ from: z.int(), to: z.int(), rows: z.int() })),
  nearlyEmptyRows: z.int(),
  firstNearlyEmptyRows: rowNumbers,
  /** Rows that are the same as an earlier one, of all rows. */
  duplicateRows: z.int(),
  firstDuplicateRows: rowNumbers,
  languages: z.array(z.object({ name: z.string(), kind: z.enum(['NATURAL', 'PROGRAMMING']), rows: z.int() })),
});
export type DatasetStatistics = z.output<typeof datasetStatistics>;

export const checkResult = z.object({
  format: z.string(),
  rows: z.int(),
  badRows: z.int(),
  problems: z.array(rowProblem),
  /** Why the rest could not be read; null when all was. */
  brokenOff: z.string().nullable(),
  statistics: datasetStatistics,
});
export type CheckResult = z.output<typeof checkResult>;

export const rawRow = z.object({
  file: z.string().nullable(),
  row: z.int(),
  value: z.unknown(),
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
});
export type RawRow = z.output<typeof rawRow>;

/** Some columns of a row, whole. */
export const columnRow = z.object({
  /** Its place in the dataset, from 1. */
  row: z.int(),
  /** Without those that it does not have. */
  values: z.record(z.string(), z.unknown()),
  /** Of its columns, at most 100. */
  names: z.array(z.string()),
  /** Why it cannot be read; null where it can. */
  problem: z.string().nullable(),
});
export type ColumnRow = z.output<typeof columnRow>;

export const previewRow = z.object({
  file: z.string().nullable(),
  row: z.int(),
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
  /** Why there is nothing to learn from it. */
  skipped: z.string().nullable(),
  isTruncated: z.boolean(),
  sequences: z.array(
    z.object({
      answer: z.enum(['CHOSEN', 'REJECTED']).nullable(),
      tokens: z.array(z.object({ id: z.int(), text: z.string(), isTarget: z.boolean() })),
    }),
  ),
});
export type PreviewRow = z.output<typeof previewRow>;

export const hubResult = z.object({ commit: z.string(), files: z.array(z.string()), validationFiles: z.array(z.string()) });
export type HubResult = z.output<typeof hubResult>;
