import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fingerprint } from './fingerprint.mjs';

let root: string;
const write = (file: string, content: string) => {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), content);
};
const now = () => fingerprint(root, ['lock.json', 'client', 'missing']);

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-fingerprint-'));
  write('lock.json', '{}');
  write('client/src/page.ts', 'one');
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

it('changes with a name or a content, not with a date', () => {
  const first = now();
  fs.utimesSync(path.join(root, 'client/src/page.ts'), 1, 1);
  expect(now()).toBe(first);
  write('client/src/page.ts', 'two');
  const second = now();
  expect(second).not.toBe(first);
  fs.renameSync(path.join(root, 'client/src/page.ts'), path.join(root, 'client/src/view.ts'));
  expect(now()).not.toBe(second);
});

it('looks away from what is made', () => {
  const first = now();
  for (const made of ['client/build/index.html', 'client/node_modules/a/index.js', 'client/src/generated/types.ts', 'client/.svelte-kit/x'])
    write(made, 'made');
  expect(now()).toBe(first);
});

it('depends on the words too', () => {
  expect(fingerprint(root, [], ['linux'])).not.toBe(fingerprint(root, [], ['darwin']));
});
