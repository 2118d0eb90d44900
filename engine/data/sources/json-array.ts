import { EngineError } from '../../errors.ts';
import { parseRow } from './json-text.ts';
import { largestRowBytes, type ReadRow, tooLongRow } from './row.ts';

const [quote, backslash, comma, open, close, openBrace, closeBrace] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Reads a JSON list without having it in memory: finds where its elements end and parses them one by one.
 * @param name of the file, for messages
 * @throws EngineError `DATASET_INVALID` where the list does not end, or something follows it
 */
export async function* readJsonArray(stream: AsyncIterable<Buffer>, name: string): AsyncGenerator<ReadRow[]> {
  const elements = new ElementSplitter(name);
  for await (const chunk of stream) yield elements.push(chunk);
  elements.end();
}

class ElementSplitter {
  readonly #name: string;
  /** Brackets and braces that are open; 0 before and after the list. */
  #depth = 0;
  #state: 'before' | 'inside' | 'after' = 'before';
  #inString = false;
  #escaped = false;
  #number = 0;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(name: string) {
    this.#name = name;
  }

  push(chunk: Buffer): ReadRow[] {
    const rows: ReadRow[] = [];
    let from = 0;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#inString = false;
        continue;
      }
      if (byte === quote) this.#inString = true;
      else if (byte === open || byte === openBrace) {
        this.#depth++;
        if (this.#depth === 1 && this.#state === 'before') [this.#state, from] = ['inside', index + 1];
      } else if (byte === close || byte === closeBrace) {
        this.#depth--;
        if (this.#depth === 0) {
          rows.push(...this.#take(chunk.subarray(from, index), true));
          [this.#state, from] = ['after', index + 1];
        }
      } else if (byte === comma && this.#depth === 1) {
        rows.push(...this.#take(chunk.subarray(from, index), false));
        from = index + 1;
      }
      if (this.#state === 'after' && byte > 0x20 && from <= index) this.#fail('goes on after its list has ended');
    }
    if (this.#state === 'inside') this.#keep(chunk.subarray(from));
    return rows;
  }

  end(): void {
    if (this.#state !== 'after') this.#fail('is a JSON list that does not end: the file is cut off, or a quote or bracket is not closed');
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > largestRowBytes) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(end: Buffer, isLast: boolean): ReadRow[] {
    this.#keep(end);
    const bytes = Buffer.concat(this.#parts);
    const isTooLong = this.#length > largestRowBytes;
    [this.#parts, this.#length] = [[], 0];
    const number = ++this.#number;
    if (isTooLong) return [tooLongRow(number)];
    const row = parseRow(number, bytes);
    if (row) return [row];
    return isLast && number === 1 ? [] : [{ number, problem: 'is empty: there is a comma too many' }];
  }

  #fail(what: string): never {
    throw new EngineError('DATASET_INVALID', `${this.#name} ${what} (after row ${this.#number}).`);
  }
}
