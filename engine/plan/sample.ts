import fs from 'node:fs/promises';
import { type DataLocation, openForSample } from '../data/source.ts';

/** Parquet has whole numbers that JSON has not. */
const plainNumbers = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** Enough for the mix of lengths. */
const sampledRows = 2000;
/** Long documents need fewer. Characters. */
const sampledText = 16 * 2 ** 20;

export interface DataSample {
  /** Rows in the sample. */
  rows: number;
  /** Rows of the dataset; counted where the sample is all of it, estimated by its size where not. */
  totalRows: number;
  isWhole: boolean;
  /** Of the dataset. */
  bytes: number;
}

/**
 * Copies the first rows of a dataset into a JSONL file. Of one on the Hub only these are fetched.
 * @param columns names that the dataset may use for its fields
 * @throws EngineError `DATASET_NOT_FOUND`, `DATASET_INVALID` as training would
 */
export async function writeSample(location: DataLocation, columns: readonly string[], file: string): Promise<DataSample> {
  const source = await openForSample(location, columns);
  const lines: string[] = [];
  let text = 0;
  let isWhole = true;
  for (const part of source.parts) {
    for await (const rows of part.rows()) {
      for (const row of rows) {
        const line = 'problem' in row ? null : JSON.stringify(row.value, plainNumbers);
        if (line === null) continue;
        isWhole &&= lines.length < sampledRows && text < sampledText;
        if (!isWhole) break;
        lines.push(line);
        text += line.length + 1;
      }
      if (!isWhole) break;
    }
    if (!isWhole) break;
  }
  await fs.writeFile(file, lines.map((line) => `${line}\n`).join(''));
  const estimated = 'rows' in location ? location.rows.length : Math.round((lines.length * source.bytes) / Math.max(1, text));
  const totalRows = isWhole ? lines.length : Math.max(lines.length + 1, estimated);
  return { rows: lines.length, totalRows, isWhole, bytes: source.bytes };
}
