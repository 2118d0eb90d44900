import { isAscii, isUtf8 } from 'node:buffer';
import type { ReadRow } from './row.ts';

/** What is shown of a text that cannot be read. */
const shownCharacters = 60;

/**
 * The row that a piece of a file holds; null where it holds only white space.
 * @param offset bytes from the beginning of the file
 */
export function parseRow(number: number, bytes: Buffer, offset?: number): ReadRow | null {
  if (isBlank(bytes)) return null;
  const place = { number, ...(offset !== undefined && { offset }) };
  const text = decodeText(bytes);
  if (text === null) return { ...place, problem: 'is not UTF-8 text' };
  const trimmed = text.trim();
  try {
    return { ...place, value: JSON.parse(trimmed) };
  } catch {
    const shown = trimmed.length > shownCharacters ? `${trimmed.slice(0, shownCharacters)}…` : trimmed;
    return { ...place, problem: `is not valid JSON: ${shown}` };
  }
}

const byteOrderMark = [0xef, 0xbb, 0xbf];

/** Whether there is nothing but blanks and control characters, perhaps behind a byte order mark. */
export function isBlank(bytes: Buffer): boolean {
  let index = byteOrderMark.every((byte, place) => bytes[place] === byte) ? byteOrderMark.length : 0;
  while (index < bytes.length && (bytes[index] ?? 0) <= 0x20) index++;
  return index === bytes.length;
}

/** The text of some bytes; null where they are not UTF-8, which would otherwise be replaced silently. */
export function decodeText(bytes: Buffer): string | null {
  // Most rows of most datasets are ASCII, which needs no decoding.
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}
