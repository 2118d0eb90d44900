/** Rows of a block: so many are looked through to find one. */
const blockRows = 256;
const blockBytes = 32 * 1024;

export interface Block {
  /** Where it begins and ends in the file. */
  offset: number;
  end: number;
  /** The row that it begins with, from 0, and its number for people. */
  row: number;
  number: number;
}

/**
 * Where the rows of a JSONL file are: only every so many are noted, so that a file of any length needs little memory (about
 * 10 MB for 10 GB).
 */
export class RowIndex {
  readonly #offsets = new Numbers();
  readonly #rows = new Numbers();
  readonly #numbers = new Numbers();
  #count = 0;
  #end = 0;
  #fresh = true;

  get count(): number {
    return this.#count;
  }

  /** Notes the next row: its first byte in the file, and its number for people. */
  add(offset: number, number: number): void {
    const block = this.#offsets.length - 1;
    const isFull = this.#count - this.#rows.at(block) >= blockRows || offset - this.#offsets.at(block) >= blockBytes;
    if (block < 0 || isFull || this.#fresh) this.#begin(offset, number);
    this.#fresh = false;
    this.#count++;
  }

  /** Ends a block before bytes that nobody shall read, however many they are. */
  skip(offset: number, number: number): void {
    this.#begin(offset, number);
    this.#fresh = true;
  }

  /** Notes where the file ends. */
  finish(end: number): void {
    this.#end = end;
  }

  /** The block of a row. */
  blockOf(row: number): Block {
    let [low, high] = [0, this.#rows.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#rows.at(middle) <= row) low = middle;
      else high = middle - 1;
    }
    const end = low + 1 < this.#offsets.length ? this.#offsets.at(low + 1) : this.#end;
    return { offset: this.#offsets.at(low), end, row: this.#rows.at(low), number: this.#numbers.at(low) };
  }

  #begin(offset: number, number: number): void {
    this.#offsets.push(offset);
    this.#rows.push(this.#count);
    this.#numbers.push(number);
  }
}

/** A list of numbers up to 2^53, eight bytes each. */
class Numbers {
  #values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(2 * this.length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}
