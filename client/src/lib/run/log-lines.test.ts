import { expect, it } from 'vitest';
import { joinLines, type LogLine } from './log-lines.ts';

const lines = (...sequences: number[]): LogLine[] =>
  sequences.map((sequence) => ({ sequence, time: '', step: 0, level: 'INFO', message: `line ${sequence}` }));
const order = (joined: readonly LogLine[]): number[] => joined.map(({ sequence }) => sequence);

it('adds new lines at the end', () => expect(order(joinLines(lines(1, 2), lines(5)))).toEqual([1, 2, 5]));
it('puts earlier lines in front', () => expect(order(joinLines(lines(5, 6), lines(1, 3)))).toEqual([1, 3, 5, 6]));
it('holds a repeated line once', () => expect(order(joinLines(lines(1, 2), lines(2)))).toEqual([1, 2]));
it('starts empty', () => expect(order(joinLines([], lines(4)))).toEqual([4]));
