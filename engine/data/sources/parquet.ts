import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { EngineError } from '../../errors.ts';
import type { ReadableFile } from '../../sealed/reader.ts';
import type { ReadRow } from './row.ts';

/**
 * Reads a Parquet file, one row group at a time. Lists and structs become lists and objects, whole numbers of 64 bits become
 * numbers.
 * @throws EngineError `DATASET_INVALID` where the file is broken or cut off, or in an encoding that is not known
 */
export async function* readParquet(content: ReadableFile, path: string): AsyncGenerator<ReadRow[]> {
  try {
    const file = bufferOf(content);
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const values: unknown[] = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors });
      const first = rowStart + 1;
      yield values.map((value, index) => ({ number: first + index, value: plain(value) }));
      rowStart = rowEnd;
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('DATASET_INVALID', `${path} is a Parquet file that cannot be read: ${reason}. Is it whole?`, { cause: error });
  }
}

function bufferOf({ bytes: size, stream }: ReadableFile): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start, end = size) {
      const length = Math.max(0, Math.min(end, size) - start);
      const bytes = new Uint8Array(length);
      let done = 0;
      for await (const part of stream(start, start + length)) {
        bytes.set(part, done);
        done += part.length;
      }
      if (done < length) throw new RangeError(`${length} bytes are named at ${start}, but there are only ${done}`);
      return bytes.buffer;
    },
  };
}

/** A value as JSON would have it; what JSON does not know (bytes, dates) is left alone. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
