import { expect, it } from 'vitest';
import { formatDuration } from './duration.ts';

it.each([
  [0, '0 s'],
  [0.42, '0.4 s'],
  [9.96, '10.0 s'],
  [42.4, '42 s'],
  [59.6, '1 min 00 s'],
  [185, '3 min 05 s'],
  [3599.7, '1 h 00 min'],
  [3720, '1 h 02 min'],
  [86_399, '1 d 00 h'],
  [183_600, '2 d 03 h'],
  [-5, '0 s'],
  [NaN, '–'],
])('writes %d seconds as %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
