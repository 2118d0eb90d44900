import { Buffer } from 'node:buffer';

const newline = 0x0a;

/** Cuts what comes in pieces into lines, and holds no more than one line of `longest` bytes. */
export class Lines {
  readonly #longest: number;
  #parts: Buffer[] = [];
  #length = 0;

  /** @param longest a line, in bytes without its end */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /**
   * The lines that are complete, without their ends.
   * @throws LineTooLong as soon as a line is longer than it may be, complete or not
   */
  *take(data: Buffer): Generator<string> {
    let begin = 0;
    for (let end = data.indexOf(newline); end !== -1; end = data.indexOf(newline, begin)) {
      this.#keep(data.subarray(begin, end));
      yield this.#flush();
      begin = end + 1;
    }
    if (begin < data.length) this.#keep(data.subarray(begin));
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#longest) throw new LineTooLong(this.#longest);
    this.#parts.push(part);
  }

  #flush(): string {
    const line = Buffer.concat(this.#parts, this.#length).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';

  constructor(longest: number) {
    super(`a line of more than ${longest} bytes`);
  }
}
