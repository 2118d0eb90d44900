import { expect, it } from 'vitest';
import { formatBytes } from './bytes.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [999.9, '1.0 kB'],
  [11_900_000, '11.9 MB'],
  [999_700_000, '1.0 GB'],
  [123_456_789_012, '123 GB'],
])('writes %d as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
