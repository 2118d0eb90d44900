/** What a compiled graph computed, by the names of its outputs. */
export class Results {
  readonly #data: Readonly<Record<string, unknown>>;

  /** @param data the elements of each output, as a typed array. */
  constructor(data: Readonly<Record<string, unknown>>) {
    this.#data = data;
  }

  /** A single precision output. */
  floats(name: string): Float32Array {
    const data = this.#data[name];
    if (!(data instanceof Float32Array)) throw new TypeError(`the graph gave no single precision tensor ${name}`);
    return data;
  }

  /** All elements of a floating point output, as numbers. */
  numbers(name: string): readonly number[] {
    const data = this.#data[name];
    if (!(data instanceof Float32Array || data instanceof Float64Array)) throw new TypeError(`the graph gave no numbers ${name}`);
    return Array.from(data);
  }

  /** An output of one element. */
  scalar(name: string): number {
    return this.numbers(name)[0] ?? NaN;
  }
}
