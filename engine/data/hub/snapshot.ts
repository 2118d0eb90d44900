import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../../hardware/cache-folder.ts';
import { writeAll, writeDurably } from '../../weights/durable.ts';
import { hubAccess, type HubAccess } from '../../hub/client.ts';
import { downloadFile, type HubFile, type HubSource } from '../../hub/download.ts';
import { remoteFile } from '../../hub/remote-file.ts';
import { commitOf, listRepository } from '../../hub/repository.ts';
import type { ReadableFile } from '../../sealed/reader.ts';
import { megabytes, type Report, silently } from '../report.ts';
import { chooseFiles } from './choose-files.ts';
import { hubPathAt, isHubPath, parseHubPath } from './location.ts';

const listingSchema = z.array(
  z.object({ path: z.string(), size: z.int().min(0), sha256: z.string().optional(), blobId: z.string().optional() }),
);

/**
 * The path of a dataset at the commit that a revision stands for today; any other path as it is.
 * @param revision where the path itself names none
 * @throws EngineError `DATASET_NOT_FOUND` where the Hub does not know it, or cannot be asked
 */
export async function pinHubPath(path: string, revision: string): Promise<string> {
  if (!isHubPath(path)) return path;
  const location = parseHubPath(path);
  return hubPathAt(location, await commitOf(access(), dataset(location.id), location.revision ?? revision));
}

/**
 * Brings the files of a split into the cache folder, those that are not there. At a commit that was fetched before nothing is
 * asked of the network.
 * @param revision where the path itself names none
 * @param report how far it is
 * @returns their paths, in the order of their names
 * @throws EngineError `DATASET_NOT_FOUND`, or `DATASET_INVALID` where a file arrives damaged
 */
export async function fetchHubFiles(path: string, revision: string, split: string, report: Report = silently): Promise<string[]> {
  const { source, folder, files } = await filesOf(path, revision, split);
  const paths: string[] = [];
  for (const file of files) {
    const onProgress = (bytes: number) =>
      report(() => `Fetching ${file.path} of dataset ${source.repo.name} from the Hub: ${megabytes(bytes, file.size)}.`);
    paths.push(await downloadFile(source, file, folder, { onProgress }));
  }
  return paths;
}

/** A file of a split that stays on the Hub. */
export interface FileOnHub extends Pick<HubFile, 'path' | 'size'> {
  /** Where it is on this machine, if it was fetched before. */
  fetched: string | null;
  open: () => Promise<ReadableFile>;
}

/** The files of a split, without fetching them, in the order of their names. @throws EngineError as `fetchHubFiles` */
export async function filesOnHub(path: string, revision: string, split: string): Promise<FileOnHub[]> {
  const { source, folder, files } = await filesOf(path, revision, split);
  return Promise.all(
    files.map(async (file) => {
      const place = join(folder, ...file.path.split('/'));
      const isHere = (await stat(place).catch(() => null))?.size === file.size;
      return { path: file.path, size: file.size, fetched: isHere ? place : null, open: () => remoteFile(source, file) };
    }),
  );
}

/** What belongs to a split at the commit that the revision stands for, and where it is kept on this machine. */
async function filesOf(path: string, revision: string, split: string): Promise<{ source: HubSource; folder: string; files: HubFile[] }> {
  const { id, revision: own, inside } = parseHubPath(path);
  const source = { access: access(), repo: dataset(id) };
  const commit = await commitOf(source.access, source.repo, own ?? revision);
  const folder = join(cacheFolder(), 'hub', id.replace('/', '--'), commit);
  const listing = await listingOf(source.access, id, commit, folder);
  const chosen = chooseFiles(
    `Dataset ${id}`,
    listing.map((file) => file.path),
    { inside, split },
  );
  return { source: { ...source, commit }, folder, files: listing.filter((candidate) => chosen.includes(candidate.path)) };
}

/** Whether the files of a split can be found on the Hub, without fetching them. @throws EngineError as `fetchHubFiles` */
export async function checkHubFiles(path: string, revision: string, split: string): Promise<void> {
  const { id, revision: own, inside } = parseHubPath(path);
  const listing = await listRepository(access(), dataset(id), own ?? revision);
  chooseFiles(
    `Dataset ${id}`,
    listing.map((file) => file.path),
    { inside, split },
  );
}

const access = (): HubAccess => hubAccess('DATASET_NOT_FOUND');

const dataset = (name: string) => ({ type: 'dataset', name }) as const;

/** The files of a commit, as they were listed once: a commit does not change. */
async function listingOf(hub: HubAccess, id: string, commit: string, folder: string): Promise<HubFile[]> {
  const place = join(folder, '.listing.json');
  const known = listingSchema.safeParse(await readFile(place, 'utf8').then(JSON.parse, () => null));
  if (known.success) return known.data;
  const listing = await listRepository(hub, dataset(id), commit);
  await mkdir(folder, { recursive: true });
  await writeDurably(place, (handle) => writeAll(handle, Buffer.from(JSON.stringify(listing))));
  return listing;
}
