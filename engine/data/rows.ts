import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { EngineError } from '../errors.ts';
import { isMissing } from '../weights/durable.ts';

/** A row and its number: its line in a JSONL file, its place (from 1) in a list. A `problem` stands for a row that cannot be read. */
export type NumberedRow = { number: number; value: unknown } | { number: number; problem: string };

/** A JSON array has to be in memory whole; JSONL is read as a stream. */
const largestArrayBytes = 256 * 1024 * 1024;
const largestLineBytes = 64 * 1024 * 1024;
const lineBreak = 0x0a;

export function* rowsOf(values: Iterable<unknown>): Generator<NumberedRow> {
  let number = 0;
  for (const value of values) yield { number: ++number, value };
}

/**
 * Reads a JSONL file (one JSON object a line; blank lines are passed over) or a JSON array.
 * @throws EngineError `DATASET_NOT_FOUND`; `DATASET_INVALID` where it is no text file of either kind
 */
export async function* readRows(path: string): AsyncGenerator<NumberedRow> {
  const { bytes, beginning } = await inspect(path);
  if (/^\ufeff?\s*\[/.test(beginning)) yield* readArray(path, bytes);
  else yield* readLines(path);
}

async function inspect(path: string): Promise<{ bytes: number; beginning: string }> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new EngineError('DATASET_NOT_FOUND', `${path} is not a file. Give the path of a JSONL file.`);
    const handle = await open(path, 'r');
    try {
      const head = Buffer.alloc(4096);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      refuseOtherKinds(path, head.subarray(0, bytesRead));
      return { bytes: stats.size, beginning: head.toString('utf8', 0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) throw new EngineError('DATASET_NOT_FOUND', `There is no dataset ${path}. Check the path.`, { cause: error });
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'DATASET_NOT_FOUND',
      `The dataset ${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

const otherKinds: readonly { magic: readonly number[]; message: string }[] = [
  { magic: [0x50, 0x41, 0x52, 0x31], message: 'is a Parquet file; convert it to JSONL, one JSON object a line' },
  { magic: [0x1f, 0x8b], message: 'is compressed with gzip; unpack it' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], message: 'is compressed with zstd; unpack it' },
  { magic: [0x50, 0x4b, 0x03, 0x04], message: 'is a ZIP archive; unpack it' },
  { magic: [0xff, 0xfe], message: 'is UTF-16 text; save it as UTF-8' },
  { magic: [0xfe, 0xff], message: 'is UTF-16 text; save it as UTF-8' },
];

function refuseOtherKinds(path: string, head: Uint8Array): void {
  const kind = otherKinds.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
  if (kind) throw new EngineError('DATASET_INVALID', `${path} ${kind.message}.`);
}

async function* readArray(path: string, bytes: number): AsyncGenerator<NumberedRow> {
  if (bytes > largestArrayBytes) {
    throw new EngineError(
      'DATASET_INVALID',
      `${path} is a JSON array of ${bytes} bytes, which is too large to be read at once. Convert it to JSONL, one JSON object a line.`,
    );
  }
  let values: unknown;
  try {
    values = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)));
  } catch (error) {
    throw new EngineError(
      'DATASET_INVALID',
      `${path} begins as a JSON array, but is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (Array.isArray(values)) yield* rowsOf(values);
}

async function* readLines(path: string): AsyncGenerator<NumberedRow> {
  let number = 0;
  for await (const line of splitLines(path)) {
    number++;
    const row = parseLine(number, line);
    if (row) yield row;
  }
}

/** Lines as bytes, so that text which is not UTF-8 is found out and not silently replaced. */
async function* splitLines(path: string): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const data of createReadStream(path, { highWaterMark: 1 << 18 })) {
    if (!(data instanceof Uint8Array)) continue;
    let from = 0;
    for (let end = data.indexOf(lineBreak); end >= 0; end = data.indexOf(lineBreak, from)) {
      yield Buffer.concat([...parts, data.subarray(from, end)]);
      parts = [];
      length = 0;
      from = end + 1;
    }
    parts.push(data.subarray(from));
    length += data.length - from;
    if (length > largestLineBytes)
      throw new EngineError(
        'DATASET_INVALID',
        `${path} has a line of more than ${largestLineBytes} bytes. JSONL is one JSON object a line.`,
      );
  }
  if (length > 0) yield Buffer.concat(parts);
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function parseLine(number: number, line: Uint8Array): NumberedRow | null {
  let text: string;
  try {
    text = decoder.decode(line).trim();
  } catch {
    return { number, problem: 'is not UTF-8 text' };
  }
  if (text === '') return null;
  try {
    return { number, value: JSON.parse(text) };
  } catch {
    return { number, problem: `is not valid JSON: ${text.length > 60 ? `${text.slice(0, 60)}…` : text}` };
  }
}
