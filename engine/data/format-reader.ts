import type { z } from 'zod';
import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { checkColumns, type ColumnMap, mapColumns } from './columns.ts';
import { describeIssue } from './describe-issue.ts';
import type { Encoded, Encoding } from './encoding.ts';
import type { FormatFields, RowFormat } from './formats/format.ts';
import { detectFormat, type FormatName, formatNames, formats } from './formats/formats.ts';
import { RowProblems } from './row-problems.ts';
import { placeOf, type RowSource } from './source.ts';
import type { ReadRow } from './sources/row.ts';

/** Rows that detection looks at. */
const detectionRows = 20;

export type RowProblem = { text: string; field?: string };

/** A row that fits its format and can be encoded, or what is wrong with it. */
export type CheckedRow<Item> =
  { ok: true; encode: (encoding: Encoding) => Encoded<Item> | { problem: RowProblem } } | { ok: false; problems: RowProblem[] };

/** Tells rows that fit from others. */
export interface RowChecker {
  check(row: ReadRow): { ok: true } | { ok: false; problems: RowProblem[] };
  /** Columns of the dataset that are needed. */
  columns: readonly string[];
}

/** Reads rows as a format wants them. */
export interface FormatReader<Item> extends RowChecker {
  check(row: ReadRow): CheckedRow<Item>;
}

export function formatReader<Item>(format: RowFormat<Item>, columns: ColumnMap): FormatReader<Item> {
  return {
    columns: neededColumns(format, columns),
    check(row) {
      if ('problem' in row) return { ok: false, problems: [{ text: row.problem }] };
      const value = mapColumns(row.value, columns);
      const read = format.read(value);
      if (read.ok) return { ok: true, encode: (encoding) => encodeOrExplain(() => read.encode(encoding)) };
      return { ok: false, problems: describeIssues(read.issues, value, format) };
    },
  };
}

export const neededColumns = ({ fields, optional }: FormatFields, columns: ColumnMap): string[] => [
  ...new Set([...fields, ...optional, ...Object.values(columns)]),
];

export const describeIssues = (issues: readonly z.core.$ZodIssue[], row: unknown, { name, needs }: FormatFields): RowProblem[] =>
  issues.map((issue) => {
    const { text, field } = describeIssue(issue, row);
    return { text: `${text} (${name} needs ${needs})`, field };
  });

/** What a chat template refuses is the row's fault. */
function encodeOrExplain<Item>(encode: () => Encoded<Item>): Encoded<Item> | { problem: RowProblem } {
  try {
    return encode();
  } catch (error) {
    if (error instanceof EngineError && error.code === 'DATASET_INVALID') return { problem: { text: error.message.replace(/\.$/, '') } };
    throw error;
  }
}

/**
 * The format of a dataset: the one that the configuration names, or that its first rows are in.
 * @throws EngineError `DATASET_INVALID` where there are no rows, or they are in no format; `CONFIG_INVALID` where the column
 *   map names columns or fields that do not exist
 */
export async function findFormat(
  source: RowSource,
  { format, columns, badRows }: Pick<TrainingConfig['data'], 'format' | 'columns' | 'badRows'>,
): Promise<FormatName> {
  const rows = await firstRows(source, badRows);
  const values = rows.map(({ value }) => mapColumns(value, columns));
  const found = format === 'auto' ? detectFormat(values) : format;
  const read = rows.map(({ value }) => value);
  if (found === null) {
    checkColumns(columns, { name: 'of any kind', fields: Object.keys(columns), optional: [], needs: '' }, read);
    throw unknownFormat(source.name, rows[0]);
  }
  checkColumns(columns, formats[found], read);
  return found;
}

/** The first few rows that can be read at all. */
async function firstRows(source: RowSource, badRows: TrainingConfig['data']['badRows']): Promise<{ number: number; value: unknown }[]> {
  const problems = new RowProblems(source.name, badRows);
  const rows: { number: number; value: unknown }[] = [];
  for (const part of source.parts) {
    for await (const batch of part.rows()) {
      for (const row of batch) {
        if ('problem' in row) problems.add(placeOf(part, row.number), [{ text: row.problem }]);
        else if (rows.push(row) === detectionRows) return rows;
      }
    }
  }
  if (rows.length > 0) return rows;
  problems.check();
  throw new EngineError('DATASET_INVALID', `${source.name} has no rows. It needs at least one.${problems.warning() ?? ''}`);
}

function unknownFormat(source: string, row: { number: number; value: unknown } | undefined): EngineError {
  const first = row?.value;
  const fields = typeof first === 'object' && first !== null && !Array.isArray(first) ? Object.keys(first).slice(0, 10) : null;
  const found = fields
    ? `the first row has ${fields.map((field) => `"${field}"`).join(', ') || 'no fields'}`
    : 'the first row is not a JSON object';
  const known = formatNames.map((name) => `${name} needs ${formats[name].needs}`).join('; ');
  const advice = 'Rename the fields, or say in data.columns which is which.';
  return new EngineError('DATASET_INVALID', `${source} is in no format that is known: ${found}, but ${known}. ${advice}`, {
    issues: [{ path: `rows.${row?.number ?? 1}`, message: found }],
  });
}
