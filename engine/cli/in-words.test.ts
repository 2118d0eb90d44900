import { describe, expect, it } from 'vitest';
import { inBytes, inDuration } from './in-words.ts';

describe('inBytes', () => {
  it.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1536, '1.5 KiB'],
    [200 * 2 ** 20, '200 MiB'],
    [5.25 * 2 ** 30, '5.3 GiB'],
  ])('%d is %s', (bytes, text) => expect(inBytes(bytes)).toBe(text));
});

describe('inDuration', () => {
  it.each([
    [0.01234, '0.012 s'],
    [9, '9 s'],
    [59.6, '1 min'],
    [725, '12 min 5 s'],
    [3600, '1 h'],
    [3605, '1 h'],
    [11_520, '3 h 12 min'],
    [187_200, '2 d 4 h'],
  ])('%d seconds are %s', (seconds, text) => expect(inDuration(seconds)).toBe(text));
});
