import { EngineError } from '../errors.ts';
import type { FormatFields } from './formats/format.ts';

/** Field of a format → column of the dataset. */
export type ColumnMap = Readonly<Record<string, string>>;

/** Puts the columns of a row where a format looks for them. What is no object is left as it is. */
export function mapColumns(row: unknown, columns: ColumnMap): unknown {
  const entries = Object.entries(columns);
  if (entries.length === 0 || typeof row !== 'object' || row === null || Array.isArray(row)) return row;
  const mapped: Record<string, unknown> = { ...row };
  for (const [field, column] of entries) mapped[field] = Reflect.get(row, column);
  return mapped;
}

/**
 * Refuses a column map that cannot be meant.
 * @param rows the first few of the dataset, as they were read
 * @throws EngineError `CONFIG_INVALID` naming the columns that exist, or the fields that the format has
 */
export function checkColumns(columns: ColumnMap, format: FormatFields, rows: readonly unknown[]): void {
  const existing = [...new Set(rows.flatMap((row) => (typeof row === 'object' && row !== null ? Object.keys(row) : [])))];
  const fields = [...format.fields, ...format.optional];
  const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
  const issues = Object.entries(columns).flatMap(([field, column]) => {
    const path = `data.columns.${field}`;
    if (!fields.includes(field)) return [{ path, message: `The format ${format.name} has no field "${field}"; it has ${quoted(fields)}.` }];
    if (existing.includes(column)) return [];
    return [{ path, message: `There is no column "${column}"; the dataset has ${quoted(existing.slice(0, 30))}.` }];
  });
  if (issues.length === 0) return;
  const found = issues.map(({ path, message }) => `${path}: ${message}`).join(' ');
  throw new EngineError('CONFIG_INVALID', `The configuration is not valid: ${found}`, { issues });
}
