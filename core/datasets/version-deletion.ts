import fs from 'node:fs/promises';
import path from 'node:path';
import type { Prisma, PrismaClient } from '@anneal/prisma';
import { Conflict } from '../errors.ts';
import { isEnded } from '../runs/states.ts';
import type { DatasetChecks } from './dataset-checks.ts';

/** Deletes versions of datasets with their files, unless a run needs them. */
export class VersionDeletion {
  readonly #options: { prisma: PrismaClient; checks: DatasetChecks; dataFolder: string };

  constructor(options: { prisma: PrismaClient; checks: DatasetChecks; dataFolder: string }) {
    this.#options = options;
  }

  /**
   * @param where which versions of the dataset
   * @param more what is changed in the same transaction
   * @throws Conflict while a run that has not ended uses one of them
   */
  async deleteVersions(
    datasetId: string,
    where: { id?: string },
    more: (transaction: Prisma.TransactionClient) => Promise<void>,
  ): Promise<void> {
    const { prisma, checks, dataFolder } = this.#options;
    const versions = await prisma.datasetVersion.findMany({ where: { ...where, datasetId } });
    const unneeded = await prisma.$transaction(async (transaction) => {
      // Whoever adds versions, or starts a run with one, takes the same rows: they waited for each other then.
      await transaction.dataset.update({ where: { id: datasetId }, data: { lastNumber: { increment: 0 } } });
      await transaction.datasetVersion.updateMany({ where: { ...where, datasetId }, data: { checkedUntil: null } });
      const used = await transaction.run.findMany({
        where: { datasetVersion: { ...where, datasetId } },
        select: { name: true, state: true },
      });
      const [open] = used.filter(({ state }) => !isEnded(state));
      if (open) throw new Conflict(`The run "${open.name}" uses it and has not ended (${open.state}). Cancel it, or wait for its end.`);
      await transaction.datasetVersion.deleteMany({ where: { ...where, datasetId } });
      // What is on its way in has no path yet, but a folder.
      const places = [...new Set(versions.flatMap(({ id, path: place }) => [place, `datasets/${id}`]))].filter((place) => place !== '');
      const kept = await transaction.datasetVersion.findMany({ where: { path: { in: places } }, select: { path: true } });
      await more(transaction);
      return places.filter((place) => !kept.some((other) => other.path === place));
    });
    for (const { id } of versions) await checks.stop(id);
    for (const place of unneeded) {
      await fs.rm(path.join(dataFolder, place), { recursive: true, force: true });
      // An upload that was not moved yet.
      await fs.rm(path.join(dataFolder, 'uploads', path.basename(place)), { recursive: true, force: true });
    }
  }
}
