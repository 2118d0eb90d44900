import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chunkBytes, headerBytes, sealedChunkBytes } from './format.ts';
import { openSealedFile } from './reader.ts';
import { SealedWriter } from './writer.ts';

const key = randomBytes(32);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'anneal-sealed-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
const newPath = (): string => path.join(folder, `${count++}.sealed`);

async function seal(content: Buffer, file = newPath(), step = 50_000): Promise<string> {
  const writer = await SealedWriter.open(file, key);
  for (let at = 0; at < content.length; at += step) await writer.append(content.subarray(at, at + step));
  await writer.finish();
  return file;
}

async function read(file: string, start?: number, end?: number, withKey = key): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of (await openSealedFile(file, withKey)).stream(start, end)) parts.push(part);
  return Buffer.concat(parts);
}

const refused = { code: 'DATASET_INVALID', message: expect.stringContaining('changed or cut off') };

describe('a sealed file', () => {
  it.each([0, 1, 100, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 40 * chunkBytes + 17])(
    'gives back %i bytes',
    async (size) => {
      const content = randomBytes(size);
      const file = await seal(content);
      expect((await openSealedFile(file, key)).bytes).toBe(size);
      expect((await read(file)).equals(content)).toBe(true);
    },
  );

  it('gives any part of them', async () => {
    const content = randomBytes(5 * chunkBytes + 100);
    const file = await seal(content);
    for (const [start, end] of [
      [0, 1],
      [chunkBytes - 1, chunkBytes + 1],
      [chunkBytes, 2 * chunkBytes],
      [3 * chunkBytes + 5, 5 * chunkBytes + 100],
      [content.length - 1, content.length + 50],
      [7, 7],
      [content.length, content.length + 1],
    ] as const) {
      expect((await read(file, start, end)).equals(content.subarray(start, end)), `${start}-${end}`).toBe(true);
    }
  });

  it('shows nothing of what is in it, and is another one each time', async () => {
    const content = Buffer.alloc(1000, 'secret ');
    const [a, b] = [await readFile(await seal(content)), await readFile(await seal(content))];
    expect(a.includes('secret')).toBe(false);
    expect(a.equals(b)).toBe(false);
  });

  it('is refused when a bit of it was changed, wherever', async () => {
    const content = randomBytes(2 * chunkBytes + 10);
    const file = await seal(content);
    const sealed = await readFile(file);
    for (const at of [0, 20, headerBytes, headerBytes + 5000, headerBytes + sealedChunkBytes + 3, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(file, changed);
      await expect(read(file), `byte ${at}`).rejects.toMatchObject(refused);
    }
  });

  it('is refused when it was cut off, at a chunk or in one, before anything of it is read', async () => {
    const content = randomBytes(3 * chunkBytes);
    for (const length of [headerBytes + 2 * sealedChunkBytes, headerBytes + sealedChunkBytes + 100, headerBytes, headerBytes + 5, 3, 0]) {
      const file = await seal(content);
      await truncate(file, length);
      await expect(openSealedFile(file, key), `${length} bytes`).rejects.toMatchObject(refused);
    }
  });

  it('is refused when chunks change places, are left out, or come from another file', async () => {
    const file = await seal(randomBytes(4 * chunkBytes));
    const other = await readFile(await seal(randomBytes(4 * chunkBytes)));
    const sealed = await readFile(file);
    const chunk = (bytes: Buffer, index: number) =>
      bytes.subarray(headerBytes + index * sealedChunkBytes, headerBytes + (index + 1) * sealedChunkBytes);
    const header = sealed.subarray(0, headerBytes);
    const variants = [
      [chunk(sealed, 1), chunk(sealed, 0), chunk(sealed, 2), chunk(sealed, 3)],
      [chunk(sealed, 0), chunk(sealed, 2), chunk(sealed, 3)],
      [chunk(sealed, 0), chunk(other, 1), chunk(sealed, 2), chunk(sealed, 3)],
      [chunk(sealed, 0), chunk(sealed, 1), chunk(sealed, 2), chunk(sealed, 3), chunk(sealed, 3)],
    ];
    for (const chunks of variants) {
      await writeFile(file, Buffer.concat([header, ...chunks]));
      await expect(read(file)).rejects.toMatchObject(refused);
    }
  });

  it('is refused in the place of another file, and with another key; a new ending of its name does not matter', async () => {
    const content = randomBytes(100);
    const file = await seal(content);
    const renamed = file.replace('.sealed', '.jsonl.sealed');
    await rename(file, renamed);
    expect((await read(renamed)).equals(content)).toBe(true);
    await expect(read(renamed, 0, 10, randomBytes(32))).rejects.toMatchObject(refused);
    const elsewhere = newPath();
    await rename(renamed, elsewhere);
    await expect(read(elsewhere)).rejects.toMatchObject(refused);
    await mkdir(path.join(folder, 'other'));
    const moved = path.join(folder, 'other', path.basename(file));
    await rename(elsewhere, moved);
    await expect(read(moved)).rejects.toMatchObject(refused);
  });

  it('goes on behind its last whole chunk when its writer died, whatever stands behind it', async () => {
    const content = randomBytes(3 * chunkBytes + 500);
    const file = newPath();
    const first = await SealedWriter.open(file, key);
    await first.append(content.subarray(0, 2 * chunkBytes + 300));
    expect(first.bytes).toBe(2 * chunkBytes + 300);
    await first.close();
    // A part of a chunk that was being written.
    await writeFile(file, randomBytes(1000), { flag: 'a' });
    const second = await SealedWriter.open(file, key);
    expect(second.bytes).toBe(2 * chunkBytes);
    const known: Buffer[] = [];
    for await (const part of second.written()) known.push(part);
    expect(Buffer.concat(known).equals(content.subarray(0, 2 * chunkBytes))).toBe(true);
    await second.append(content.subarray(2 * chunkBytes));
    await second.finish();
    expect((await read(file)).equals(content)).toBe(true);
    // One whose end was written already goes on before its end.
    const whole = await seal(randomBytes(2 * chunkBytes));
    const third = await SealedWriter.open(whole, key);
    expect(third.bytes).toBe(chunkBytes);
    await third.close();
    expect((await stat(whole)).size).toBe(headerBytes + sealedChunkBytes);
  });
});
