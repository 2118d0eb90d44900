import { expect, it } from 'vitest';
import { formatRelative } from './time.ts';

const now = new Date('2025-06-15T12:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

it.each([
  [-3, 'just now'],
  [4, 'just now'],
  [42, '42 s ago'],
  [119, '1 min ago'],
  [7200, '2 h ago'],
  [3 * 86_400, '3 d ago'],
  [10 * 86_400, 'Jun 5, 2025'],
])('writes %d seconds ago as %s', (seconds, text) => expect(formatRelative(ago(seconds), now)).toBe(text));
