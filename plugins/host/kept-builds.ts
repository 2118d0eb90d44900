import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

export interface Made {
  code: string;
  /** Absolute paths of what it was made of. */
  sources: string[];
}

/** Lies beside a built file: what it was made of, as that was then, and what else it depends on. */
const note = z.object({ file: z.string(), stamps: z.array(z.tuple([z.string(), z.string()])), against: z.string() });

/** Files of earlier versions are left for processes that have just been started. Milliseconds. */
const lifetime = 3_600_000;

/**
 * A file that takes time to make, kept in a folder until one of its sources changes.
 * @param name of the file, without its version and ending
 * @param against what else it is made against: kept only for the same
 * @returns absolute path of the file
 */
export async function keepBuilt(folder: string, name: string, make: () => Promise<Made>, against = ''): Promise<string> {
  const noteFile = path.join(folder, `${name}.json`);
  const known = await fresh(noteFile, against);
  if (known !== undefined) return known;
  await fs.mkdir(folder, { recursive: true });
  const begun = Date.now();
  const { code, sources } = await make();
  const file = path.join(folder, `${name}-${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`);
  await replace(file, code);
  const stamps = await Promise.all([import.meta.filename, ...sources].map(async (source) => [source, await stamp(source)] as const));
  // What was written meanwhile may be in it, or not.
  const isSettled = stamps.every(([, text]) => Number(text.split(':')[1]) < begun);
  if (isSettled) await replace(noteFile, JSON.stringify({ file, stamps, against }));
  await removeEarlier(folder, name, file);
  return file;
}

/** The file that a note names, if it is there and nothing that it was made of has changed. */
async function fresh(noteFile: string, against: string): Promise<string | undefined> {
  try {
    const kept = note.parse(JSON.parse(await fs.readFile(noteFile, 'utf8')));
    if (kept.against !== against) return undefined;
    await fs.access(kept.file);
    const same = await Promise.all(kept.stamps.map(async ([source, known]) => (await stamp(source)) === known));
    return same.every(Boolean) ? kept.file : undefined;
  } catch {
    return undefined;
  }
}

async function stamp(file: string): Promise<string> {
  const { size, mtimeMs } = await fs.stat(file);
  return `${size}:${mtimeMs}`;
}

/** Two that make the same at once write the same. */
async function replace(file: string, content: string): Promise<void> {
  const partial = `${file}.${randomUUID()}.partial`;
  await fs.writeFile(partial, content);
  await fs.rename(partial, file);
}

async function removeEarlier(folder: string, name: string, current: string): Promise<void> {
  for (const found of await fs.readdir(folder)) {
    const file = path.join(folder, found);
    const isOurs = found.startsWith(`${name}-`) && /^-[0-9a-f]{16}\.mjs$/.test(found.slice(name.length));
    if (!isOurs || file === current) continue;
    const { mtimeMs } = await fs.stat(file);
    if (Date.now() - mtimeMs > lifetime) await fs.rm(file, { force: true });
  }
}
