import { EngineError } from '../errors.ts';
import { askHub, type HubAccess } from './client.ts';
import type { HubFile, HubSource } from './download.ts';

const commitForm = /^[0-9a-f]{40}$/;

/**
 * The commit that a branch, a tag or a commit stands for today.
 * @throws EngineError `access.notFound` where the Hub does not know it, or cannot be asked
 */
export async function commitOf(access: HubAccess, repo: HubSource['repo'], revision: string): Promise<string> {
  if (commitForm.test(revision)) return revision;
  const { datasetInfo, modelInfo } = await import('@huggingface/hub');
  const what = `${repo.type} ${repo.name} with the revision ${revision}`;
  const asked = { name: repo.name, revision, ...access };
  const { sha } = await askHub(what, access, () =>
    repo.type === 'model' ? modelInfo({ ...asked, additionalFields: ['sha'] }) : datasetInfo({ ...asked, additionalFields: ['sha'] }),
  );
  if (commitForm.test(sha)) return sha;
  throw new EngineError(access.notFound, `${access.hubUrl} does not say which commit ${what} is.`);
}

/**
 * All files of a repository at a revision.
 * @throws EngineError as `commitOf`
 */
export function listRepository(access: HubAccess, repo: HubSource['repo'], revision: string): Promise<HubFile[]> {
  return askHub(`${repo.type} ${repo.name} with the revision ${revision}`, access, async () => {
    const { listFiles } = await import('@huggingface/hub');
    const files: HubFile[] = [];
    for await (const entry of listFiles({ repo, revision, recursive: true, ...access })) {
      if (entry.type !== 'file' || entry.path.split('/').includes('..')) continue;
      const { path, lfs, oid } = entry;
      files.push({ path, size: lfs?.size ?? entry.size, ...(lfs ? { sha256: lfs.oid } : oid && { blobId: oid }) });
    }
    return files;
  });
}
