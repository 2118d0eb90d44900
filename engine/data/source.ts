import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { isDataFile } from './data-file.ts';
import { knownFields } from './formats/formats.ts';
import { isHubPath } from './hub/location.ts';
import { fetchHubFiles, type FileOnHub, filesOnHub } from './hub/snapshot.ts';
import { type Report, silently } from './report.ts';
import type { RowPlace } from './row-problems.ts';
import { openRowFile, openRows, type RowFile } from './sources/file.ts';
import type { ReadRow } from './sources/row.ts';

/** Where rows come from: a file, a folder of files, a dataset on the Hub (`hub:owner/name`), or rows in memory. */
export type DataLocation =
  | (Pick<TrainingConfig['data'], 'path' | 'revision' | 'split'> & Partial<Pick<TrainingConfig['data'], 'keyFile'>>)
  | { rows: readonly unknown[] };

/** Rows that can be read as often as needed. */
export interface RowSource {
  /** For messages. */
  name: string;
  parts: readonly RowPart[];
  /** Of text, about. 0 for rows in memory. */
  bytes: number;
}

/** One of the files of a source. */
export interface RowPart {
  /** Names the part where there are several. */
  label?: string;
  /** Null for rows in memory. */
  file: RowFile | null;
  rows(): AsyncIterable<ReadRow[]>;
}

export const placeOf = ({ label }: RowPart, number: number): RowPlace => (label === undefined ? { number } : { file: label, number });

/** How much larger text is than what it is packed into, about: gzip and Parquet. */
const packedFactor = 4;

/**
 * Finds the files of a dataset and what they hold.
 * @param columns names that the dataset may use for its fields
 * @param report how far a download is
 * @throws EngineError `DATASET_NOT_FOUND`; `DATASET_INVALID` where a file is of a kind that is not read
 */
export async function openSource(location: DataLocation, columns: readonly string[], report: Report = silently): Promise<RowSource> {
  if ('rows' in location) return { name: 'The dataset', bytes: 0, parts: [{ file: null, rows: () => inMemory(location.rows) }] };
  const { path, revision, split, keyFile } = location;
  const paths = isHubPath(path) ? await fetchHubFiles(path, revision, split, report) : await filesAt(path);
  const files = await Promise.all(paths.map((file) => openRowFile(file, [...knownFields, ...columns], keyFile)));
  const parts = files.map((file): RowPart => ({ ...(files.length > 1 && { label: basename(file.path) }), file, rows: () => file.rows() }));
  const bytes = files.reduce((sum, file) => sum + file.bytes * (file.gzip || file.kind === 'parquet' ? packedFactor : 1), 0);
  return { name: path, parts, bytes };
}

/**
 * As `openSource`, to look at some rows: of a dataset on the Hub only what is read comes over the network, and nothing is kept.
 * @throws EngineError as `openSource`
 */
export async function openForSample(location: DataLocation, columns: readonly string[]): Promise<RowSource> {
  if ('rows' in location || !isHubPath(location.path)) return openSource(location, columns);
  const files = await filesOnHub(location.path, location.revision, location.split);
  const parts = files.map((file): RowPart => ({ label: file.path, file: null, rows: () => rowsOnHub(file, [...knownFields, ...columns]) }));
  const bytes = files.reduce((sum, { path, size }) => sum + size * (/\.(gz|parquet)$/i.test(path) ? packedFactor : 1), 0);
  return { name: location.path, parts, bytes };
}

async function* rowsOnHub({ path, fetched, open }: FileOnHub, columns: readonly string[]): AsyncGenerator<ReadRow[]> {
  const file = fetched === null ? await openRows(await open(), path, columns) : await openRowFile(fetched, columns);
  yield* file.rows();
}

/** A file itself; the data files of a folder in the order of their names. */
async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null);
  // What is missing is said where it is opened.
  if (!found?.isDirectory()) return [path];
  const names = (await readdir(path)).filter(isDataFile).sort();
  if (names.length === 0) {
    throw new EngineError(
      'DATASET_NOT_FOUND',
      `The folder ${path} has no data files (.jsonl, .json, .csv, .tsv or .parquet). Check the path.`,
    );
  }
  return names.map((name) => join(path, name));
}

async function* inMemory(rows: readonly unknown[]): AsyncGenerator<ReadRow[]> {
  yield rows.map((value, index) => ({ number: index + 1, value }));
  await Promise.resolve();
}
