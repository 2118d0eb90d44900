import fs from 'node:fs/promises';
import path from 'node:path';
import { restoreDatabase, snapshotFile } from '@anneal/prisma';
import type { StudioConfig } from '../config.ts';
import { Conflict, Invalid } from '../errors.ts';
import { hashFile } from '../files/hash-file.ts';
import { copyFile } from './copy-file.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** What a restore that was cut off leaves, for the next one to clear away. */
const asideName = '.restoring';

/**
 * Makes a studio from a backup, in a data folder and a database that have nothing in them yet. Everything is checked against the
 * manifest before anything is written; the files come under their names only once all of them are there.
 * @throws Invalid when the backup is damaged, naming the files, or of the other kind of database; Conflict when there is a studio
 * already; DatabaseError
 */
export async function restore(config: Pick<StudioConfig, 'dataFolder' | 'databaseUrl'>, backup: string): Promise<Manifest> {
  const { dataFolder, databaseUrl } = config;
  const manifest = await readManifest(backup);
  if (manifest.database !== snapshotFile(databaseUrl)) {
    const [of, to] = manifest.database === 'database.sqlite' ? ['SQLite', 'PostgreSQL'] : ['PostgreSQL', 'SQLite'];
    const message = `The backup is of a ${of} database and DATABASE_URL names a ${to} one; it can only be restored into the same kind.`;
    throw new Invalid(message, [{ path: 'DATABASE_URL', message }]);
  }
  await checkIsEmpty(dataFolder);
  await check(backup, manifest);

  // Inside: the data folder may be a disk of its own.
  const aside = path.join(dataFolder, asideName);
  await fs.rm(aside, { recursive: true, force: true });
  await fs.mkdir(aside, { recursive: true, mode: 0o700 });
  try {
    for (const { path: name } of manifest.files) {
      if (name.startsWith('files/')) await copyFile(path.join(backup, name), path.join(aside, name.slice('files/'.length)));
    }
    await restoreDatabase(databaseIn(databaseUrl, dataFolder, aside), path.join(backup, manifest.database));
    for (const name of await fs.readdir(aside)) await fs.rename(path.join(aside, name), path.join(dataFolder, name));
  } finally {
    await fs.rm(aside, { recursive: true, force: true });
  }
  return manifest;
}

/** A SQLite file inside the data folder comes with it. */
function databaseIn(url: string, dataFolder: string, aside: string): string {
  const inside = `file:${dataFolder}${path.sep}`;
  return url.startsWith(inside) ? `file:${path.join(aside, url.slice(inside.length))}` : url;
}

async function checkIsEmpty(dataFolder: string): Promise<void> {
  const found = await fs.readdir(dataFolder).catch(() => []);
  if (found.some((name) => name !== asideName)) {
    throw new Conflict(
      `There is something in ${dataFolder} already. Nothing was changed. Set DATA_DIR to a folder that is empty or not there.`,
    );
  }
}

/** Every file has to be what the manifest says. */
async function check(backup: string, { files }: Manifest): Promise<void> {
  const issues: { path: string; message: string }[] = [];
  for (const { path: name, bytes, sha256 } of files) {
    const found = await hashFile(path.join(backup, name)).catch(() => undefined);
    if (!found) issues.push({ path: name, message: 'is missing, or cannot be read' });
    else if (found.bytes !== bytes || found.sha256 !== sha256) issues.push({ path: name, message: 'is not what was backed up' });
  }
  if (issues.length === 0) return;
  const first = issues.slice(0, 5).map(({ path: name, message }) => `${name} ${message}`);
  throw new Invalid(
    `The backup is damaged; nothing was restored: ${first.join('; ')}${issues.length > 5 ? `; and ${issues.length - 5} more` : ''}.`,
    issues,
  );
}
