import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../../errors.ts';
import { cacheFolder } from '../../hardware/cache-folder.ts';
import { writeAll, writeDurably } from '../../weights/durable.ts';
import { chooseFiles } from './choose-files.ts';
import { askHub, hubAccess, type HubAccess } from './client.ts';
import { downloadFile, type HubFile } from './download.ts';
import { hubPathAt, isHubPath, parseHubPath } from './location.ts';

const commitForm = /^[0-9a-f]{40}$/;

const listingSchema = z.array(z.object({ path: z.string(), size: z.int().min(0), sha256: z.string().optional() }));

/**
 * The path of a dataset at the commit that a revision stands for today; any other path as it is.
 * @param revision where the path itself names none
 * @throws EngineError `DATASET_NOT_FOUND` where the Hub does not know it, or cannot be asked
 */
export async function pinHubPath(path: string, revision: string): Promise<string> {
  if (!isHubPath(path)) return path;
  const location = parseHubPath(path);
  return hubPathAt(location, await commitOf(hubAccess(), location.id, location.revision ?? revision));
}

/**
 * Brings the files of a split into the cache folder, those that are not there. At a commit that was fetched before nothing is
 * asked of the network.
 * @param revision where the path itself names none
 * @returns their paths, in the order of their names
 * @throws EngineError `DATASET_NOT_FOUND`, or `DATASET_INVALID` where a file arrives damaged
 */
export async function fetchHubFiles(path: string, revision: string, split: string): Promise<string[]> {
  const { id, revision: own, inside } = parseHubPath(path);
  const access = hubAccess();
  const commit = await commitOf(access, id, own ?? revision);
  const folder = join(cacheFolder(), 'hub', id.replace('/', '--'), commit);
  const listing = await listingOf(access, id, commit, folder);
  const chosen = chooseFiles(
    `Dataset ${id}`,
    listing.map((file) => file.path),
    { inside, split },
  );
  const files: string[] = [];
  for (const file of listing.filter((candidate) => chosen.includes(candidate.path)))
    files.push(await downloadFile(access, id, commit, file, folder));
  return files;
}

/** Whether the files of a split can be found on the Hub, without fetching them. @throws EngineError as `fetchHubFiles` */
export async function checkHubFiles(path: string, revision: string, split: string): Promise<void> {
  const { id, revision: own, inside } = parseHubPath(path);
  const access = hubAccess();
  const listing = await fetchListing(access, id, own ?? revision);
  chooseFiles(
    `Dataset ${id}`,
    listing.map((file) => file.path),
    { inside, split },
  );
}

async function commitOf(access: HubAccess, id: string, revision: string): Promise<string> {
  if (commitForm.test(revision)) return revision;
  const { datasetInfo } = await import('@huggingface/hub');
  const what = `dataset ${id} with the revision ${revision}`;
  const { sha } = await askHub(what, access, () => datasetInfo({ name: id, revision, additionalFields: ['sha'], ...access }));
  if (commitForm.test(sha)) return sha;
  throw new EngineError('DATASET_NOT_FOUND', `${access.hubUrl} does not say which commit ${what} is.`);
}

/** The files of a commit, as they were listed once: a commit does not change. */
async function listingOf(access: HubAccess, id: string, commit: string, folder: string): Promise<HubFile[]> {
  const place = join(folder, '.listing.json');
  const known = listingSchema.safeParse(await readFile(place, 'utf8').then(JSON.parse, () => null));
  if (known.success) return known.data;
  const listing = await fetchListing(access, id, commit);
  await mkdir(folder, { recursive: true });
  await writeDurably(place, (handle) => writeAll(handle, Buffer.from(JSON.stringify(listing))));
  return listing;
}

function fetchListing(access: HubAccess, id: string, revision: string): Promise<HubFile[]> {
  return askHub(`dataset ${id} with the revision ${revision}`, access, async () => {
    const { listFiles } = await import('@huggingface/hub');
    const files: HubFile[] = [];
    for await (const entry of listFiles({ repo: { type: 'dataset', name: id }, revision, recursive: true, ...access })) {
      if (entry.type !== 'file' || entry.path.split('/').includes('..')) continue;
      files.push({ path: entry.path, size: entry.lfs?.size ?? entry.size, ...(entry.lfs && { sha256: entry.lfs.oid }) });
    }
    return files;
  });
}
