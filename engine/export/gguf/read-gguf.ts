/**
 * A reader of GGUF files for the tests, written from the specification (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)
 * and on purpose without a line of the writer's.
 */
export interface GgufContent {
  version: number;
  metadata: Map<string, unknown>;
  /** Sizes as in the file: the innermost first. */
  tensors: Map<string, { sizes: number[]; type: number; values: number[] }>;
}

const alignment = 32;

/** Reads a whole file; tensors of the types F32, F16 and Q8_0 become numbers. @throws Error where it does not follow the format */
export function readGguf(file: Uint8Array): GgufContent {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  const uint32 = () => view.getUint32((at += 4) - 4, true);
  const uint64 = () => Number(view.getBigUint64((at += 8) - 8, true));
  const string = () => {
    const length = uint64();
    return new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(at, (at += length)));
  };
  const value = (type: number): unknown => {
    if (type === 4) return uint32();
    if (type === 5) return view.getInt32((at += 4) - 4, true);
    if (type === 6) return view.getFloat32((at += 4) - 4, true);
    if (type === 7) return view.getUint8(at++) === 1;
    if (type === 8) return string();
    if (type !== 9) throw new Error(`value type ${type} at byte ${at}`);
    const inner = uint32();
    return Array.from({ length: uint64() }, () => value(inner));
  };

  if (new TextDecoder().decode(file.subarray(0, 4)) !== 'GGUF') throw new Error('the magic is missing');
  at = 4;
  const version = uint32();
  const [tensorCount, valueCount] = [uint64(), uint64()];
  const metadata = new Map<string, unknown>();
  for (let index = 0; index < valueCount; index++) {
    const key = string();
    if (!/^[a-z0-9_.]+$/.test(key) || metadata.has(key)) throw new Error(`the key ${key}`);
    metadata.set(key, value(uint32()));
  }
  const infos = Array.from({ length: tensorCount }, () => {
    const name = string();
    const sizes = Array.from({ length: uint32() }, uint64);
    return { name, sizes, type: uint32(), offset: uint64() };
  });
  const data = Math.ceil(at / alignment) * alignment;
  let end = data;
  const tensors: GgufContent['tensors'] = new Map();
  for (const { name, sizes, type, offset } of infos) {
    if (data + offset !== end) throw new Error(`${name} begins at ${offset}, expected ${end - data}`);
    const count = sizes.reduce((product, size) => product * size, 1);
    const read = decoders[type];
    if (!read) throw new Error(`${name} has the type ${type}`);
    tensors.set(name, { sizes, type, values: Array.from({ length: count }, (_, index) => read(view, data + offset, index)) });
    end = data + Math.ceil((offset + bytes(type, count)) / alignment) * alignment;
  }
  if (end !== file.byteLength) throw new Error(`the tensors end at ${end}, the file at ${file.byteLength}`);
  return { version, metadata, tensors };
}

const bytes = (type: number, count: number): number => (type === 0 ? 4 * count : type === 1 ? 2 * count : (count / 32) * 34);

const decoders: Record<number, (view: DataView, start: number, index: number) => number> = {
  0: (view, start, index) => view.getFloat32(start + 4 * index, true),
  1: (view, start, index) => half(view.getUint16(start + 2 * index, true)),
  8: (view, start, index) => {
    const block = start + Math.floor(index / 32) * 34;
    return half(view.getUint16(block, true)) * view.getInt8(block + 2 + (index % 32));
  },
};

function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
