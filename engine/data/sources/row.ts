/**
 * A row as it was read, before its fields are looked at, and its number: its line in a JSONL file, the line where it begins in
 * a CSV file, its place (from 1) in a list or a Parquet file. A `problem` stands for a row that cannot be read and completes
 * "row 14: …". `offset`: its first byte in a JSONL file.
 */
export type ReadRow =
  { number: number; value: unknown; offset?: number } | { number: number; problem: string; offset?: number; tooLong?: boolean };

/** Bytes of the longest row that is read. */
export const largestRowBytes = 16 * 1024 * 1024;

/** Stands for a row of more than `largestRowBytes`. */
export const tooLongRow = (number: number, offset?: number): ReadRow => ({
  number,
  problem: `is longer than ${largestRowBytes / 1024 / 1024} MB`,
  tooLong: true,
  ...(offset !== undefined && { offset }),
});
