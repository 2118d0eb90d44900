import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
let folder: string;
let outside: string;
beforeAll(async () => {
  studio = await openStudio();
  folder = studio.studio.config.dataFolder;
  await mkdir(path.join(folder, 'exports'), { recursive: true });
  await writeFile(path.join(folder, 'exports/model.bin'), '0123456789');
  outside = await mkdtemp(path.join(tmpdir(), 'anneal-outside-'));
});
afterAll(async () => {
  await studio.close();
  await rm(outside, { recursive: true });
});

const linkTo = (file: string, fileName = 'file.bin'): string => studio.url + studio.studio.links.to({ path: file, fileName });
const get = (file: string, headers: Record<string, string> = {}): Promise<Response> => fetch(linkTo(file), { headers });

describe('a link to a file', () => {
  it('gives the file to be saved under its name', async () => {
    const answer = await fetch(linkTo('exports/model.bin', 'модель "1".bin'));
    expect(await answer.text()).toBe('0123456789');
    expect(answer.headers.get('content-disposition')).toContain(`filename*=UTF-8''${encodeURIComponent('модель "1".bin')}`);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-length')).toBe('10');
  });

  it('gives a part of it, so that a cut download goes on', async () => {
    const part = await get('exports/model.bin', { range: 'bytes=3-5' });
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([206, '345', 'bytes 3-5/10']);
    const rest = await get('exports/model.bin', { range: 'bytes=7-', 'if-range': part.headers.get('etag') ?? '' });
    expect([rest.status, await rest.text()]).toEqual([206, '789']);
    const changed = await get('exports/model.bin', { range: 'bytes=7-', 'if-range': '"another"' });
    expect([changed.status, await changed.text()]).toEqual([200, '0123456789']);
    const beyond = await get('exports/model.bin', { range: 'bytes=10-' });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    const several = await get('exports/model.bin', { range: 'bytes=0-1,3-4' });
    expect([several.status, await several.text()]).toEqual([200, '0123456789']);
    const known = await get('exports/model.bin', { 'if-none-match': part.headers.get('etag') ?? '' });
    expect(known.status).toBe(304);
    const head = await fetch(linkTo('exports/model.bin'), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
  });

  it('leads to no other place than a regular file of the data folder', async () => {
    const secret = path.join(outside, 'secret.txt');
    await writeFile(secret, 'secret');
    await symlink(secret, path.join(folder, 'exports/link.bin'));
    await symlink(outside, path.join(folder, 'exports/out'));
    const around = path.relative(folder, secret);
    for (const file of [
      'exports/link.bin',
      'exports/out/secret.txt',
      around,
      `exports/../${around}`,
      'exports',
      'exports/',
      'keys/links.key',
      'anneal.db',
      'exports/none.bin',
      '/etc/passwd',
      'exports/model.bin\0.txt',
    ]) {
      expect((await get(file)).status, file).toBe(404);
    }
  });

  it('works only as it was made, and not for ever', async () => {
    const link = new URL(linkTo('exports/model.bin'));
    for (const [name, value] of [
      ['path', 'exports/other.bin'],
      ['name', 'evil.html'],
      ['expires', '9999999999'],
      ['signature', 'AAAA'],
    ] as const) {
      const changed = new URL(link);
      changed.searchParams.set(name, value);
      expect((await fetch(changed)).status, name).toBe(403);
    }
    const old = studio.studio.links.to({ path: 'exports/model.bin', fileName: 'file.bin' }, Date.now() - 16 * 60 * 1000);
    expect((await fetch(studio.url + old)).status).toBe(403);
    expect((await fetch(link, { method: 'POST' })).status).toBe(405);
  });
});
