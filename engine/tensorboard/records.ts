import fs from 'node:fs';
import { crc32c } from './crc32c.ts';

/**
 * The record files of TensorFlow (https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details): length as
 * uint64, its masked CRC, the data, its masked CRC; all little-endian.
 */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** A CRC over bytes that hold CRCs is weak, so they are stored rotated and shifted. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Longer records are none of ours, but garbage. */
const longest = 1 << 24;

/** The records of a file from its beginning, up to one that is torn or damaged. `end` is where in the file each one ends. */
export function* readRecords(descriptor: number): Generator<{ data: Uint8Array; end: number }> {
  const header = new Uint8Array(12);
  for (let position = 0; fs.readSync(descriptor, header, 0, 12, position) === 12;) {
    const view = new DataView(header.buffer);
    const length = Number(view.getBigUint64(0, true));
    if (view.getUint32(8, true) !== maskedCrc(header.subarray(0, 8)) || length > longest) return;
    const rest = new Uint8Array(length + 4);
    if (fs.readSync(descriptor, rest, 0, rest.length, position + 12) < rest.length) return;
    const data = rest.subarray(0, length);
    if (new DataView(rest.buffer).getUint32(length, true) !== maskedCrc(data)) return;
    position += 16 + length;
    yield { data, end: position };
  }
}
