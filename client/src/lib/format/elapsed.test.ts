import { expect, it } from 'vitest';
import { formatElapsed } from './elapsed.ts';

it.each([
  [0, '0:00'],
  [42, '0:42'],
  [725, '12:05'],
  [3725, '1:02:05'],
  [-1, '0:00'],
])('writes %d as %s', (seconds, text) => expect(formatElapsed(seconds)).toBe(text));
