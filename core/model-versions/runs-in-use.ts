import type { Prisma } from '@anneal/prisma';
import { Conflict } from '../errors.ts';
import { goingRuns, startingFolders } from '../models/runs-in-use.ts';
import type { VersionFolders } from './version-folders.ts';

/**
 * Nobody may take the files of a version away from a run that has not ended and starts from them.
 * @throws Conflict naming run and version
 */
export async function refuseInUse(
  transaction: Prisma.TransactionClient,
  folders: VersionFolders,
  versions: readonly { id: string; number: number }[],
): Promise<void> {
  for (const { name, config } of await goingRuns(transaction)) {
    const used = Object.values(startingFolders(config)).flatMap((folder) => (folder === '' ? [] : [folders.versionAt(folder)]));
    const version = versions.find(({ id }) => used.includes(id));
    if (version) throw new Conflict(`The run "${name}" starts from version ${version.number} and has not ended. Cancel it first, or wait.`);
  }
}
