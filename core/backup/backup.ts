import fs from 'node:fs/promises';
import path from 'node:path';
import { snapshotDatabase, snapshotFile } from '@anneal/prisma';
import type { StudioConfig } from '../config.ts';
import { Conflict } from '../errors.ts';
import { hashFile } from '../files/hash-file.ts';
import { copyFile } from './copy-file.ts';
import { type BackedUpFile, type Manifest, writeManifest } from './manifest.ts';

/** What of the data folder is of no use elsewhere: who works there at the moment, files on their way in, and the database, which is a snapshot. */
const leftOut = [
  /^studio\.json$/,
  /^runs\/[^/]+\/(worker\.json|heartbeat)$/,
  /^uploads\//,
  /^plugin-cache\//,
  /^[^/]+\.db(-wal|-shm|-journal)?$/,
  /^keys\/.*\.key\.\d+\.[0-9a-f]+$/,
];

/**
 * Writes everything that a studio knows into a new folder: the database as it is at one moment, and the files of the data folder. The
 * studio may go on meanwhile: the database is taken first, and files only grow; runs that train go on from their last checkpoint when
 * the backup is restored. The folder holds the keys of the studio, too: keep it as safe as the studio itself.
 * @param folder is made, and must not exist
 * @throws Conflict when the folder exists, DatabaseError
 */
export async function backUp(config: Pick<StudioConfig, 'dataFolder' | 'databaseUrl'>, folder: string): Promise<Manifest> {
  const { dataFolder, databaseUrl } = config;
  await makeFolder(folder);
  const database = snapshotFile(databaseUrl);
  // A process of its own: SQLite waits for a writer without letting this process go on, and the writer must not be this one.
  await snapshotDatabase(databaseUrl, path.join(folder, database));
  await fs.chmod(path.join(folder, database), 0o600);
  const files: BackedUpFile[] = [{ path: database, ...(await hashFile(path.join(folder, database))) }];
  for await (const name of filesOf(dataFolder, '')) {
    const kept = `files/${name}`;
    const copied = await copyFile(path.join(dataFolder, name), path.join(folder, kept)).catch(ignoreGone);
    if (copied) files.push({ path: kept, ...copied });
  }
  const manifest: Manifest = { format: 'anneal-backup-1', createdAt: new Date().toISOString(), database, files };
  await writeManifest(folder, manifest);
  return manifest;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await fs.mkdir(path.dirname(folder), { recursive: true });
    await fs.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    throw new Conflict(`There is something at ${folder} already. Name a new folder for the backup.`, { cause: error });
  }
}

/** Relative paths of the files to keep, with slashes. Links are not followed: what they point to is not the studio's. */
async function* filesOf(root: string, folder: string): AsyncGenerator<string> {
  const entries = await fs.readdir(path.join(root, folder), { withFileTypes: true }).catch(ignoreGone);
  for (const entry of entries ?? []) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (leftOut.some((pattern) => pattern.test(entry.isDirectory() ? `${name}/` : name))) continue;
    if (entry.isDirectory()) yield* filesOf(root, name);
    else if (entry.isFile()) yield name;
  }
}

/** A checkpoint may be cleared away while the folder is read. */
function ignoreGone(error: unknown): undefined {
  if (!isCode(error, 'ENOENT')) throw error;
}

const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;
