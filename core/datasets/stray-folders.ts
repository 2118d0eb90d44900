import fs from 'node:fs/promises';
import path from 'node:path';
import type { PrismaClient } from '@anneal/prisma';

/** What was touched since may be somebody's who is just about to write it down. Milliseconds. */
const youth = 48 * 3600 * 1000;

/** Removes folders of datasets that belong to no version: what a server left that died between two steps. */
export async function removeStrayFolders(prisma: PrismaClient, dataFolder: string, now = Date.now()): Promise<void> {
  for (const top of ['datasets', 'imports']) {
    const names = await fs.readdir(path.join(dataFolder, top)).catch(() => []);
    for (const name of names) {
      const folder = path.join(dataFolder, top, name);
      const found = await fs.stat(folder).catch(() => null);
      if (!found || now - found.mtimeMs < youth) continue;
      const owners = await prisma.datasetVersion.count({ where: { OR: [{ path: `datasets/${name}` }, { id: name, state: 'CHECKING' }] } });
      if (owners === 0) await fs.rm(folder, { recursive: true, force: true });
    }
  }
}
