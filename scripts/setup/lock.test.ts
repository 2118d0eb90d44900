import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withLock } from './lock.mjs';

let folder: string;
let file: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-lock-'));
  file = path.join(folder, 'made/lock');
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

it('lets tasks in one at a time, and leaves nothing behind', async () => {
  let inside = 0;
  let most = 0;
  let waits = 0;
  const task = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(file, task, { onWait: () => waits++, pollEvery: 2 })));
  expect(most).toBe(1);
  expect(waits).toBe(7);
  expect(fs.readdirSync(path.dirname(file))).toEqual([]);
});

it('frees the lock when the task fails', async () => {
  await expect(withLock(file, () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
  expect(await withLock(file, () => Promise.resolve('next'))).toBe('next');
});

it('takes over the lock of a process that was killed', async () => {
  const lock = new URL('./lock.mjs', import.meta.url).href;
  const script = `import { withLock } from ${JSON.stringify(lock)}; await withLock(process.argv[1], () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(fs.existsSync(file)).toBe(true);
  expect(await withLock(file, () => Promise.resolve('mine'), { pollEvery: 2 })).toBe('mine');
});

it('waits for a living process', async () => {
  const order: string[] = [];
  const first = withLock(file, async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    order.push('first');
  });
  await withLock(file, async () => void order.push('second'), { pollEvery: 2 });
  await first;
  expect(order).toEqual(['first', 'second']);
});
