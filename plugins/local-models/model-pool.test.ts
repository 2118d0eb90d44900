import { expect, it, vi } from 'vitest';
import { ModelPool } from './model-pool.ts';

const sizes: Record<string, number> = { a: 4, b: 4, c: 4, large: 11 };

/** A pool of 10 bytes, and what it loaded and let go, in order. */
function poolOf(load: (name: string) => Promise<void> = async () => undefined, idleTime = 60_000) {
  const events: string[] = [];
  const pool = new ModelPool({
    nameOf: (name: string) => name,
    sizeOf: async (name) => sizes[name] ?? 0,
    load: async (name) => {
      events.push(`+${name}`);
      await load(name);
      return { bytes: sizes[name] ?? 0, release: async () => void events.push(`-${name}`) };
    },
    mostBytes: 10,
    idleTime,
  });
  return { pool, events };
}

it('loads a model once, however many ask for it', async () => {
  const { pool, events } = poolOf();
  const taken = await Promise.all([pool.take('a'), pool.take('a'), pool.take('a')]);
  expect(events).toEqual(['+a']);
  expect(new Set(taken.map(({ model }) => model)).size).toBe(1);
});

it('lets go of the one that was asked longest ago', async () => {
  const { pool, events } = poolOf();
  for (const name of ['a', 'b', 'a', 'c']) (await pool.take(name)).done();
  expect(events).toEqual(['+a', '+b', '-b', '+c']);
  expect(pool.names).toEqual(['a', 'c']);
});

it('keeps what is in use, and says whether there will be room', async () => {
  const { pool } = poolOf();
  const first = await pool.take('a');
  const second = await pool.take('b');
  await expect(pool.take('c')).rejects.toMatchObject({ isPassing: true });
  await expect(pool.take('large')).rejects.toMatchObject({ isPassing: false });
  await pool.unload('a');
  expect(pool.names).toEqual(['a', 'b']);
  first.done();
  second.done();
  (await pool.take('c')).done();
  expect(pool.names).toEqual(['b', 'c']);
});

it('lets go of what nobody asks for', async () => {
  const { pool, events } = poolOf(undefined, 1);
  (await pool.take('a')).done();
  await vi.waitFor(() => expect(events).toEqual(['+a', '-a']));
  expect(pool.names).toEqual([]);
});

it('tries again what could not be loaded', async () => {
  let attempts = 0;
  const { pool } = poolOf(async () => {
    attempts += 1;
    if (attempts === 1) throw new Error('no such file');
  });
  await expect(pool.take('a')).rejects.toThrow('no such file');
  expect(pool.names).toEqual([]);
  (await pool.take('a')).done();
  expect(pool.names).toEqual(['a']);
});
