import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.ts';
import { cacheFolder } from '../hardware/cache-folder.ts';
import { writeAll } from '../weights/durable.ts';
import { RowIndex } from './row-index.ts';
import { isBlank, parseRow } from './sources/json-text.ts';
import { largestRowBytes, type ReadRow } from './sources/row.ts';

const lineBreak = 0x0a;

/** Rows on disk, of which any can be read. */
export interface RowStore {
  readonly count: number;
  /** @param row from 0 */
  read(row: number): Promise<ReadRow>;
  close(): Promise<void>;
}

/** Notes rows as they are read for the first time. */
export interface StoreBuilder {
  /** @param isUsable whether the row fits its format. Others may be in the store nevertheless: whoever reads them finds out again. */
  add(row: ReadRow, isUsable: boolean): Promise<void>;
  finish(): Promise<RowStore>;
  /** Gives up. */
  close(): Promise<void>;
}

/** Rows that stay in a JSONL file where they are. */
export async function indexedRows(path: string): Promise<StoreBuilder> {
  const handle = await open(path, 'r');
  const before = await handle.stat();
  const index = new RowIndex();
  return {
    add(row) {
      const isTooLong = 'problem' in row && row.tooLong === true;
      if (isTooLong) index.skip(row.offset ?? 0, row.number);
      else index.add(row.offset ?? 0, row.number);
      return Promise.resolve();
    },
    finish() {
      index.finish(before.size);
      const check = async () => {
        const now = await handle.stat();
        if (now.size === before.size && now.mtimeMs === before.mtimeMs) return;
        throw new EngineError('DATASET_INVALID', `${path} has been changed while it was trained on. Start a new run.`);
      };
      return Promise.resolve(new JsonlStore(handle, index, check));
    },
    close: () => handle.close(),
  };
}

/**
 * Rows of a file that cannot be entered anywhere (CSV, gzip, Parquet, a JSON list), copied as JSONL into a file in the cache
 * folder. It has no name there: it is gone when it is closed, or the process dies.
 * @param fields of a row that are kept
 */
export async function copiedRows(fields: readonly string[]): Promise<StoreBuilder> {
  await mkdir(cacheFolder(), { recursive: true });
  const path = join(cacheFolder(), `rows-${randomUUID()}.jsonl`);
  const handle = await open(path, 'w+');
  await rm(path);
  const index = new RowIndex();
  let [offset, waiting, waitingBytes] = [0, new Array<Buffer>(), 0];
  const flush = async () => {
    await writeAll(handle, Buffer.concat(waiting));
    [waiting, waitingBytes] = [[], 0];
  };
  return {
    async add(row, isUsable) {
      if (!isUsable || 'problem' in row) return;
      const line = Buffer.from(`${JSON.stringify([row.number, picked(row.value, fields)])}\n`);
      index.add(offset, index.count);
      offset += line.length;
      waiting.push(line);
      waitingBytes += line.length;
      if (waitingBytes > 1 << 20) await flush();
    },
    async finish() {
      await flush();
      index.finish(offset);
      return new CopiedStore(new JsonlStore(handle, index, () => Promise.resolve()));
    },
    close: () => handle.close(),
  };
}

function picked(row: unknown, fields: readonly string[]): unknown {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return null;
  return Object.fromEntries(Object.entries(row).filter(([field]) => fields.includes(field)));
}

class JsonlStore implements RowStore {
  readonly #handle: FileHandle;
  readonly #index: RowIndex;
  readonly #check: () => Promise<void>;

  constructor(handle: FileHandle, index: RowIndex, check: () => Promise<void>) {
    this.#handle = handle;
    this.#index = index;
    this.#check = check;
  }

  get count(): number {
    return this.#index.count;
  }

  /** @throws EngineError `DATASET_INVALID` when the file is no longer what it was */
  async read(row: number): Promise<ReadRow> {
    const block = this.#index.blockOf(row);
    const bytes = Buffer.allocUnsafe(Math.min(block.end - block.offset, 2 * largestRowBytes));
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, block.offset);
    let [left, number] = [row - block.row, block.number];
    for (const line of linesOf(bytes.subarray(0, bytesRead))) {
      if (!isBlank(line) && left-- === 0) {
        const found = parseRow(number, line);
        if (found && 'value' in found) return found;
        await this.#check();
        if (found) return found;
      }
      number++;
    }
    await this.#check();
    throw new RangeError(`row ${row} is not where it was`);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Rows that carry the number that they had where they came from. */
class CopiedStore implements RowStore {
  readonly #copy: RowStore;

  constructor(copy: RowStore) {
    this.#copy = copy;
  }

  get count(): number {
    return this.#copy.count;
  }

  async read(row: number): Promise<ReadRow> {
    const found = await this.#copy.read(row);
    if (!('value' in found) || !Array.isArray(found.value)) return found;
    const number: unknown = found.value[0];
    const value: unknown = found.value[1];
    return { number: typeof number === 'number' ? number : found.number, value };
  }

  close(): Promise<void> {
    return this.#copy.close();
  }
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  for (let end = bytes.indexOf(lineBreak); end >= 0; end = bytes.indexOf(lineBreak, from)) {
    yield bytes.subarray(from, end);
    from = end + 1;
  }
  if (from < bytes.length) yield bytes.subarray(from);
}
