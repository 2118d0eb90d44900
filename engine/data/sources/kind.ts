import { EngineError } from '../../errors.ts';
import { headerCells } from './csv.ts';

export type FileKind = 'jsonl' | 'json' | 'csv' | 'parquet';

/** Files that are compressed or written in a way that is not read, by their first bytes. */
const otherKinds: readonly { magic: readonly number[]; message: string }[] = [
  { magic: [0x28, 0xb5, 0x2f, 0xfd], message: 'is compressed with zstd; unpack it' },
  { magic: [0x42, 0x5a, 0x68], message: 'is compressed with bzip2; unpack it' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], message: 'is compressed with xz; unpack it' },
  { magic: [0x50, 0x4b, 0x03, 0x04], message: 'is a ZIP archive; unpack it' },
  { magic: [0xff, 0xfe], message: 'is UTF-16 text; save it as UTF-8' },
  { magic: [0xfe, 0xff], message: 'is UTF-16 text; save it as UTF-8' },
  { magic: [...Buffer.from('ARROW1')], message: 'is an Arrow file; save it as Parquet' },
  { magic: [...Buffer.from('SQLite format 3')], message: 'is an SQLite database; export the rows as CSV or JSONL' },
  { magic: [...Buffer.from('%PDF')], message: 'is a PDF; put its text into JSONL, one {"text": …} a line' },
];

const begins = (head: Buffer, magic: readonly number[]): boolean => magic.every((byte, index) => head[index] === byte);

export const isGzip = (head: Buffer): boolean => begins(head, [0x1f, 0x8b]);
export const isParquet = (head: Buffer): boolean => begins(head, [...Buffer.from('PAR1')]);

/**
 * What a file holds, told by its first bytes; by its name only where those leave it open.
 * @param head its first few thousand bytes, unpacked
 * @param name with its extension; one of gzip is passed over
 * @param columns names that the header of a CSV file may have
 * @throws EngineError `DATASET_INVALID` where it is none that is read
 */
export function textKind(name: string, head: Buffer, columns: readonly string[]): FileKind {
  const other = otherKinds.find(({ magic }) => begins(head, magic));
  if (other) throw new EngineError('DATASET_INVALID', `${name} ${other.message}.`);
  if (head.includes(0)) throw new EngineError('DATASET_INVALID', `${name} is a binary file of a kind that is not known. ${wanted}`);
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  const trimmed = text.trimStart();
  const extension = /\.([a-z]+)(\.gz)?$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  if (trimmed.startsWith('[')) return 'json';
  if (trimmed.startsWith('{')) return firstObject(name, trimmed);
  if (extension === 'csv' || extension === 'tsv') return 'csv';
  const [firstLine = ''] = text.split('\n', 1);
  if (headerCells(firstLine).some((cell) => columns.includes(cell))) return 'csv';
  if (trimmed === '' || extension === 'jsonl' || extension === 'ndjson' || isJson(trimmed.split('\n', 1)[0] ?? '')) return 'jsonl';
  throw new EngineError(
    'DATASET_INVALID',
    `${name} is no dataset file: it begins with "${trimmed.slice(0, 40).split('\n', 1)[0] ?? ''}". ${wanted}`,
  );
}

const wanted = 'JSONL (one JSON object a line), a JSON list, CSV with a header line and Parquet are read.';

/** A file that begins with a brace: JSONL, unless the first line is only the beginning of an object. */
function firstObject(name: string, text: string): FileKind {
  const [firstLine = ''] = text.split('\n', 1);
  if (!/^\{\s*("[^"]*"\s*:\s*[[{]?\s*)?$/.test(firstLine)) return 'jsonl';
  throw new EngineError(
    'DATASET_INVALID',
    `${name} holds one JSON object over several lines. Put the rows into a JSON list, or one object a line (JSONL).`,
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
