import fs from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint, PrismaClient, Run } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, NotFound } from '../errors.ts';
import { untilWorkerHasLeft } from './departure.ts';
import { lockRun } from './lock-run.ts';
import { isEnded } from './states.ts';

export interface CheckpointServiceOptions {
  prisma: PrismaClient;
  folderOf: (runId: string) => string;
}

/** Saved states of runs. Their rows tell what was saved when; the folders come and go as training goes on. */
export class CheckpointService {
  readonly #options: CheckpointServiceOptions;

  constructor(options: CheckpointServiceOptions) {
    this.#options = options;
  }

  /** Whether training could go on from it: its folder is looked for, so the answer is right whatever has died when. */
  async isKept(checkpoint: Pick<Checkpoint, 'runId' | 'path'>): Promise<boolean> {
    const stat = await fs.stat(this.#folder(checkpoint)).catch(() => null);
    return stat?.isDirectory() ?? false;
  }

  /**
   * Removes the files of a checkpoint to make room. That it was saved is still told.
   * @throws NotFound, Forbidden for viewers, Conflict while the run may need it to go on, or its worker is still there
   */
  async delete(viewer: Viewer, checkpointId: string): Promise<Checkpoint> {
    const { prisma } = this.#options;
    const found = await prisma.checkpoint.findUnique({ where: { id: checkpointId }, include: { run: true } });
    if (!found) throw new NotFound(`There is no checkpoint ${checkpointId}.`);
    const { run: before, ...checkpoint } = found;
    const { runId, step } = checkpoint;
    this.#check(viewer, checkpointId, before);
    await untilWorkerHasLeft(prisma, runId);
    const folder = this.#folder(checkpoint);
    const aside = `${folder}.removed.partial`;
    await prisma.$transaction(async (transaction) => {
      const run = await lockRun(transaction, runId);
      if (!run) throw new NotFound(`There is no checkpoint ${checkpointId}.`);
      const { name, projectId, slot } = run;
      this.#check(viewer, checkpointId, run);
      if (slot !== null)
        throw new Conflict(`The training process of the run "${name}" has not left yet. Delete the checkpoint in a moment.`);
      const subject = { type: 'Checkpoint', id: checkpointId };
      await audit(transaction, viewer, { action: 'deleteCheckpoint', projectId, subject, details: { runId, step } });
      // In one go, while nobody can try the run again; a worker would remove what is left of it.
      await fs.rename(folder, aside).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      });
    });
    await fs.rm(aside, { recursive: true, force: true });
    return checkpoint;
  }

  #check(viewer: Viewer, checkpointId: string, { projectId, name, state }: Run): void {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'train', what: `checkpoint ${checkpointId}` });
    if (!isEnded(state)) throw new Conflict(`The run "${name}" has not ended (${state}) and may need its checkpoints. Cancel it first.`);
  }

  #folder({ runId, path: relative }: Pick<Checkpoint, 'runId' | 'path'>): string {
    return path.join(this.#options.folderOf(runId), relative);
  }
}
