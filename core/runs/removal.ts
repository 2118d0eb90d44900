import fs from 'node:fs/promises';
import path from 'node:path';
import type { Prisma, PrismaClient, Run } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, NotFound } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { untilWorkerHasLeft } from './departure.ts';
import { lockRun } from './lock-run.ts';
import { isEnded } from './states.ts';

/** Lines of a journal whose points go in one transaction: others can write in between. */
const linesAtOnce = 5000;

const action = 'deleteRun';

export interface RunRemovalOptions {
  prisma: PrismaClient;
  logger: Logger;
  dataFolder: string;
  folderOf: (runId: string) => string;
}

/** Removes runs with everything that they produced: first what is in the database, then the folder. */
export class RunRemoval {
  readonly #options: RunRemovalOptions;

  constructor(options: RunRemovalOptions) {
    this.#options = options;
  }

  /**
   * Removes a run that has ended.
   * @throws NotFound, Forbidden for viewers, Conflict when it has not ended, its worker is still there, or a model version lies in its
   * folder
   */
  async remove(viewer: Viewer, runId: string): Promise<void> {
    const { prisma } = this.#options;
    const run = await prisma.run.findUnique({ where: { id: runId } });
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    this.#check(viewer, run);
    await untilWorkerHasLeft(prisma, runId);
    await this.#refuseModelVersions(prisma, run);
    for (let to = linesAtOnce; to <= run.journalSequence; to += linesAtOnce)
      await prisma.metricPoint.deleteMany({ where: { runId, sequence: { lte: to } } });
    await prisma.$transaction(async (transaction) => {
      const now = await lockRun(transaction, runId);
      if (!now) throw new NotFound(`There is no run ${runId}.`);
      this.#check(viewer, now);
      if (now.slot !== null)
        throw new Conflict(`The training process of the run "${now.name}" has not left yet. Delete the run in a moment.`);
      await this.#refuseModelVersions(transaction, now);
      await transaction.run.delete({ where: { id: runId } });
      const { projectId, name } = now;
      await audit(transaction, viewer, { action, projectId, subject: { type: 'Run', id: runId }, details: { name } });
    });
    await this.#removeFolder(runId);
  }

  /** Removes the folders of runs that were deleted by a studio which did not come so far. Folders of unknown runs stay. */
  async sweep(): Promise<void> {
    const { prisma, dataFolder } = this.#options;
    const names = await fs.readdir(path.join(dataFolder, 'runs')).catch(() => []);
    if (names.length === 0) return;
    const known = new Set((await prisma.run.findMany({ select: { id: true } })).map(({ id }) => id));
    for (const name of names) {
      if (known.has(name)) continue;
      const isDeleted = (await prisma.auditEntry.count({ where: { action, subjectType: 'Run', subjectId: name } })) > 0;
      if (isDeleted) await this.#removeFolder(name);
    }
  }

  #check(viewer: Viewer, { id, projectId, name, state }: Run): void {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'train', what: `run ${id}` });
    if (!isEnded(state)) throw new Conflict(`The run "${name}" has not ended (${state}). Cancel it first.`);
  }

  /** A model version may have its files where the run has put them. */
  async #refuseModelVersions(database: PrismaClient | Prisma.TransactionClient, { id, name }: Run): Promise<void> {
    const { dataFolder, folderOf } = this.#options;
    const folder = path.relative(dataFolder, folderOf(id)).replaceAll(path.sep, '/');
    const versions = await database.modelVersion.findMany({
      where: { path: { startsWith: `${folder}/` } },
      include: { model: true },
      take: 3,
    });
    if (versions.length === 0) return;
    const names = versions.map(({ model, number }) => `${model.name} ${number}`).join(', ');
    throw new Conflict(`Model versions have their files in the run "${name}": ${names}. Delete these first.`);
  }

  /** What cannot be removed now is removed at the next start. */
  async #removeFolder(runId: string): Promise<void> {
    await fs
      .rm(this.#options.folderOf(runId), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
      .catch((error: unknown) => this.#options.logger.warn({ error, runId }, 'the folder of a deleted run could not be removed'));
  }
}
