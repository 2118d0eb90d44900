import type { Model, Prisma, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { uniquely } from '../uniquely.ts';
import { refuseInUse } from './runs-in-use.ts';
import type { VersionFolders } from './version-folders.ts';

/** The names under which versions of tuned models are kept. */
export class ModelService {
  readonly #prisma: PrismaClient;
  readonly #folders: VersionFolders;

  constructor(prisma: PrismaClient, folders: VersionFolders) {
    this.#prisma = prisma;
    this.#folders = folders;
  }

  /**
   * @param input name: 1–100 characters, not taken in its project; description: at most 10,000.
   * @throws Invalid, Conflict when the name is taken, Forbidden for viewers
   */
  async create(viewer: Viewer, input: { projectId: string; name: string; description?: string }): Promise<Model> {
    const { projectId } = input;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const { name, description } = valid({ name: input.name, description: input.description ?? '' });
    return uniquely('a model', name, () =>
      this.#prisma.$transaction(async (transaction) => {
        const model = await transaction.model.create({ data: { id: newId(), projectId, name, description } });
        await audit(transaction, viewer, { action: 'createModel', projectId, subject: { type: 'Model', id: model.id }, details: { name } });
        return model;
      }),
    );
  }

  /**
   * Changes name or description.
   * @throws NotFound, Invalid, Conflict when the name is taken, Forbidden for viewers
   */
  async update(viewer: Viewer, id: string, input: { name?: string; description?: string }): Promise<Model> {
    return uniquely('a model', input.name?.trim() ?? '', () =>
      this.#prisma.$transaction(async (transaction) => {
        const before = await modelForChange(transaction, viewer, id);
        const { name, description } = valid({ name: input.name ?? before.name, description: input.description ?? before.description });
        const details = { name, previousName: before.name };
        await audit(transaction, viewer, { action: 'updateModel', projectId: before.projectId, subject: { type: 'Model', id }, details });
        return transaction.model.update({ where: { id }, data: { name, description } });
      }),
    );
  }

  /**
   * Deletes a model with all its versions, aliases and files.
   * @throws NotFound, Conflict while a run that has not ended starts from one of its versions, Forbidden for all but owners
   */
  async delete(viewer: Viewer, id: string): Promise<void> {
    const versions = await this.#prisma.$transaction(async (transaction) => {
      const { projectId, name } = await modelForChange(transaction, viewer, id, { role: 'OWNER' });
      const found = await transaction.modelVersion.findMany({ where: { modelId: id }, select: { id: true, number: true } });
      await refuseInUse(transaction, this.#folders, found);
      await transaction.modelAlias.deleteMany({ where: { modelId: id } });
      await transaction.model.delete({ where: { id } });
      const details = { name, versions: found.length };
      await audit(transaction, viewer, { action: 'deleteModel', projectId, subject: { type: 'Model', id }, details });
      return found;
    });
    for (const version of versions) await this.#folders.remove(version.id);
  }
}

/**
 * A model that somebody may change, which nobody else changes before the end of the transaction: its row is written as it is.
 * @throws NotFound, Forbidden
 */
export async function modelForChange(
  transaction: Prisma.TransactionClient,
  viewer: Viewer,
  id: string,
  { role = 'EDITOR', what = `model ${id}` }: { role?: 'EDITOR' | 'OWNER'; what?: string } = {},
): Promise<Model> {
  await transaction.model.updateMany({ where: { id }, data: { lastVersionNumber: { increment: 0 } } });
  const model = await transaction.model.findUnique({ where: { id } });
  if (!model) throw new NotFound(`There is no ${what}.`);
  requireRole(viewer, { projectId: model.projectId, role, scope: 'write', what });
  return model;
}

function valid(input: { name: string; description: string }): { name: string; description: string } {
  const [name, description] = [input.name.trim(), input.description.trim()];
  const issues = [
    ...(name.length < 1 || name.length > 100 ? [{ path: 'name', message: 'A name has 1 to 100 characters.' }] : []),
    ...(description.length > 10_000 ? [{ path: 'description', message: 'A description has at most 10,000 characters.' }] : []),
  ];
  if (issues.length > 0) throw new Invalid('The model is not valid.', issues);
  return { name, description };
}
