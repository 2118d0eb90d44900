import { EngineError } from '../errors.ts';
import type { ReadableFile } from '../sealed/reader.ts';
import { askHub } from './client.ts';
import type { HubFile, HubSource } from './download.ts';

/**
 * A file of a repository that stays where it is: what is read of it comes over the network, and nothing else.
 * @throws EngineError `access.notFound` where the Hub does not have it, or cannot be asked
 */
export async function remoteFile({ access, repo, commit }: HubSource, { path, size }: HubFile): Promise<ReadableFile> {
  const { downloadFile } = await import('@huggingface/hub');
  const what = `file ${path} of ${repo.type} ${repo.name}`;
  const blob = await askHub(what, access, async () => {
    const found = await downloadFile({ repo, path, revision: commit, ...access });
    if (!found) throw new EngineError(access.notFound, `There is no ${what} any more.`);
    return found;
  });
  return {
    bytes: size,
    async *stream(start = 0, end = size) {
      const reader = blob.slice(start, end).stream().getReader();
      try {
        for (let part = await reader.read(); !part.done; part = await reader.read()) yield Buffer.from(part.value);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new EngineError(access.notFound, `The ${what} could not be read over the network: ${reason}. Try again.`, { cause: error });
      } finally {
        await reader.cancel().catch(() => undefined);
      }
    },
  };
}
