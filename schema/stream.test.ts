import { describe, expect, it } from 'vitest';
import { stoppable } from './stream.ts';

async function* waitsForever(signal: AbortSignal, onEnd: () => void): AsyncGenerator<number> {
  try {
    yield 1;
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }));
  } finally {
    onEnd();
  }
}

describe('a stoppable stream', () => {
  it('stops a source that is waiting for its next value', async () => {
    let ended = false;
    const stream = stoppable((signal) => waitsForever(signal, () => (ended = true)))[Symbol.asyncIterator]();
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    const pending = stream.next();
    await stream.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(ended).toBe(true);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('passes on what the source throws', async () => {
    const stream = stoppable(async function* () {
      yield 1;
      throw new Error('the disk is gone');
    })[Symbol.asyncIterator]();
    await stream.next();
    await expect(stream.next()).rejects.toThrow('the disk is gone');
  });
});
