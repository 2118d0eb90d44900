/** Byte arrays of this size are referred to and not copied before the end. */
const large = 1 << 14;

const encoder = new TextEncoder();
const floats = new DataView(new ArrayBuffer(8));

/** Writes the protocol buffers wire format (https://protobuf.dev/programming-guides/encoding). */
export class ProtobufWriter {
  /** Finished parts, and their length together. */
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  /** The part that is being written, and how much of it is. */
  #buffer = new Uint8Array(64);
  #used = 0;

  integer(field: number, value: number | bigint): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    floats.setFloat32(0, value, true);
    this.#push(new Uint8Array(floats.buffer, 0, 4));
    return this;
  }

  double(field: number, value: number): this {
    this.#varint((field << 3) | 1);
    floats.setFloat64(0, value, true);
    this.#push(new Uint8Array(floats.buffer, 0, 8));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.byteLength);
    this.#push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, write: (writer: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    this.#varint((field << 3) | 2);
    this.#varint(inner.#length + inner.#used);
    for (const chunk of inner.#parts()) this.#push(chunk);
    return this;
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length + this.#used);
    let offset = 0;
    for (const part of this.#parts()) {
      all.set(part, offset);
      offset += part.byteLength;
    }
    return all;
  }

  #parts(): Uint8Array[] {
    return [...this.#chunks, this.#buffer.subarray(0, this.#used)];
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    let rest = value;
    if (typeof rest === 'bigint' || rest < 0 || rest > 0x7fffffff) {
      let wide = BigInt.asUintN(64, BigInt(rest));
      for (; wide > 127n; wide >>= 7n) this.#buffer[this.#used++] = Number(wide & 127n) | 128;
      this.#buffer[this.#used++] = Number(wide);
      return;
    }
    for (; rest > 127; rest >>>= 7) this.#buffer[this.#used++] = (rest & 127) | 128;
    this.#buffer[this.#used++] = rest;
  }

  #push(bytes: Uint8Array): void {
    if (bytes.byteLength >= large) {
      this.#chunks.push(this.#buffer.subarray(0, this.#used), bytes);
      this.#length += this.#used + bytes.byteLength;
      this.#buffer = this.#buffer.subarray(this.#used);
      this.#used = 0;
      return;
    }
    this.#reserve(bytes.byteLength);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.byteLength;
  }

  /** Makes room for so many bytes behind what is written. */
  #reserve(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#buffer.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.byteLength));
    grown.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = grown;
  }
}
