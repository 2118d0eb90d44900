import { expect, it } from 'vitest';
import { retryAfter } from './retry-after.ts';

it('reads seconds and dates, and nothing else', () => {
  const read = (value: string) => retryAfter(new Headers({ 'retry-after': value }));
  expect(read('7')).toBe(7);
  expect(read('-1')).toBe(0);
  expect(read(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50);
  expect(read('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
  expect(read('soon')).toBeUndefined();
  expect(retryAfter(new Headers())).toBeUndefined();
});
