import fs from 'node:fs/promises';
import type { ModelVersion, PrismaClient } from '@anneal/prisma';
import { startingFolders } from '../models/runs-in-use.ts';
import { contentHashOf, describeFiles, fileNames } from './content.ts';
import type { VersionFolders } from './version-folders.ts';

/**
 * The version that a run started from, told by the folder in its configuration: its initial adapter, or its base model. It is the folder
 * of a version, or one with the same files.
 * @param projectId only versions of this project
 */
export async function versionStartedFrom(
  prisma: PrismaClient,
  folders: VersionFolders,
  projectId: string,
  config: unknown,
): Promise<ModelVersion | null> {
  const { initAdapter, base } = startingFolders(config);
  for (const folder of [initAdapter, base].filter((path) => path !== '')) {
    const id = folders.versionAt(folder);
    const known = id === undefined ? null : await prisma.modelVersion.findUnique({ where: { id, model: { projectId } } });
    if (known) return known;
  }
  // A base model may be large, and hardly ever is a copy of a version: only adapters are compared by content.
  if (initAdapter === '' || !(await fs.stat(initAdapter).catch(() => null))?.isDirectory()) return null;
  const contentHash = contentHashOf(await describeFiles(initAdapter, await fileNames(initAdapter)));
  return prisma.modelVersion.findFirst({ where: { contentHash, model: { projectId } }, orderBy: { createdAt: 'desc' } });
}
