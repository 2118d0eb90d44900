import { finished } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { EngineError } from '../../errors.ts';
import { decodeText } from './json-text.ts';
import { largestRowBytes, type ReadRow } from './row.ts';

const delimiters = [',', '\t', ';', '|'] as const;

/**
 * Reads CSV (RFC 4180) with a header line: each record becomes an object of texts. The delimiter is the one of comma,
 * tab, semicolon and bar that the header has most of. A column without a name (an index that some tools write) is left out.
 * @param name of the file, for messages
 * @throws EngineError `DATASET_INVALID` naming the line, where a quote is not closed or stands where none may be, or the header
 *   names a column twice
 */
export async function* readCsv(stream: AsyncIterable<Buffer>, name: string, header: string): AsyncGenerator<ReadRow[]> {
  const records = new Records(name);
  const parser = parse({
    delimiter: delimiterOf(header),
    // Cells as bytes, so that what is not UTF-8 is found out.
    encoding: null,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    max_record_size: largestRowBytes,
    on_record: (cells: unknown) => {
      records.take(cells);
      return null;
    },
  });
  parser.resume();
  const end = finished(parser);
  // The error is met where the end is awaited.
  end.catch(() => undefined);
  try {
    for await (const chunk of withoutByteOrderMark(stream)) {
      await new Promise<void>((resolve, reject) => parser.write(chunk, (error) => (error ? reject(error) : resolve())));
      yield records.rows.splice(0);
    }
    parser.end();
    await end;
    yield records.rows.splice(0);
  } catch (error) {
    if (error instanceof CsvError) throw records.broken(error);
    throw error;
  } finally {
    parser.destroy();
  }
}

/** The parser would take the mark for a wish to have cells as texts. */
async function* withoutByteOrderMark(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of stream) {
    yield isFirst && chunk.subarray(0, 3).toString() === '\ufeff' ? chunk.subarray(3) : chunk;
    isFirst = false;
  }
}

/** The cells of a header line, and what separates them. */
export function headerCells(header: string): string[] {
  const unquoted = (cell: string): string => cell.trim().replace(/^"(.*)"$/s, '$1');
  return header
    .replace(/^\ufeff/, '')
    .split(delimiterOf(header))
    .map(unquoted);
}

function delimiterOf(header: string): string {
  const outside = header.replace(/"[^"]*"/g, '');
  const counts = delimiters.map((delimiter) => outside.split(delimiter).length);
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** Turns records into rows and keeps count of the lines. */
class Records {
  readonly rows: ReadRow[] = [];
  readonly #name: string;
  #columns: string[] | null = null;
  /** Where the next record begins. */
  #line = 1;

  constructor(name: string) {
    this.#name = name;
  }

  take(record: unknown): void {
    const cells = Array.isArray(record) ? record.filter((cell) => Buffer.isBuffer(cell)) : [];
    const number = this.#line;
    this.#line += 1 + cells.reduce((sum, cell) => sum + countLineBreaks(cell), 0);
    if (cells.length === 1 && cells[0]?.length === 0) return;
    const texts = cells.map(decodeText);
    if (this.#columns === null) this.#columns = this.#header(texts);
    else this.rows.push(toRow(number, this.#columns, texts));
  }

  broken(error: CsvError): EngineError {
    const what =
      error.code === 'CSV_MAX_RECORD_SIZE'
        ? `is longer than ${largestRowBytes / 1024 / 1024} MB; a quote in it is probably not closed`
        : error.code === 'CSV_QUOTE_NOT_CLOSED'
          ? 'has a quote that is not closed'
          : 'has a quote inside a cell: put the whole cell into quotes, and write each quote in it twice';
    return new EngineError('DATASET_INVALID', `${this.#name}: the CSV record that begins at line ${this.#line} ${what}.`, { cause: error });
  }

  #header(texts: readonly (string | null)[]): string[] {
    const columns = texts.map((text) => {
      if (text === null) throw new EngineError('DATASET_INVALID', `${this.#name}: the header line is not UTF-8 text. Save it as UTF-8.`);
      return text.trim();
    });
    const twice = columns.find((column, index) => column !== '' && columns.indexOf(column) !== index);
    if (twice !== undefined)
      throw new EngineError('DATASET_INVALID', `${this.#name} has two columns named "${twice}". Give each its own name.`);
    return columns;
  }
}

function toRow(number: number, columns: readonly string[], texts: readonly (string | null)[]): ReadRow {
  if (texts.includes(null)) return { number, problem: 'is not UTF-8 text' };
  if (texts.length !== columns.length) return { number, problem: `has ${texts.length} cells, but the header has ${columns.length}` };
  return { number, value: Object.fromEntries(columns.flatMap((column, index) => (column === '' ? [] : [[column, texts[index]]]))) };
}

function countLineBreaks(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}
