import type { Dataset, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { uniquely } from '../uniquely.ts';
import type { VersionDeletion } from './version-deletion.ts';

interface Described {
  /** 1–100 characters, not taken in the project. */
  name?: string;
  /** At most 10,000 characters. */
  description?: string;
}

/** Datasets: names under which versions of rows are kept. */
export class DatasetService {
  readonly #prisma: PrismaClient;
  readonly #deletion: VersionDeletion;

  constructor(prisma: PrismaClient, deletion: VersionDeletion) {
    this.#prisma = prisma;
    this.#deletion = deletion;
  }

  /** @throws Invalid, Conflict when the name is taken, NotFound, Forbidden for viewers */
  async create(viewer: Viewer, input: Described & { projectId: string; name: string }): Promise<Dataset> {
    const { projectId } = input;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const { name, description } = valid(input);
    return uniquely('a dataset', name ?? '', () =>
      this.#prisma.$transaction(async (transaction) => {
        const dataset = await transaction.dataset.create({ data: { id: newId(), projectId, name: name ?? '', description } });
        const subject = { type: 'Dataset', id: dataset.id };
        await audit(transaction, viewer, { action: 'createDataset', projectId, subject, details: { name: dataset.name } });
        return dataset;
      }),
    );
  }

  /** Changes what is given. @throws Invalid, Conflict when the name is taken, NotFound, Forbidden for viewers */
  async update(viewer: Viewer, id: string, input: Described): Promise<Dataset> {
    const { projectId } = await this.#editable(viewer, id);
    const data = valid(input);
    return uniquely('a dataset', data.name ?? '', () =>
      this.#prisma.$transaction(async (transaction) => {
        const dataset = await transaction.dataset.update({ where: { id }, data });
        const details = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
        await audit(transaction, viewer, { action: 'updateDataset', projectId, subject: { type: 'Dataset', id }, details });
        return dataset;
      }),
    );
  }

  /**
   * Deletes a dataset with all of its versions and files.
   * @throws NotFound, Forbidden for viewers, Conflict while a run that has not ended uses one of them
   */
  async delete(viewer: Viewer, id: string): Promise<void> {
    const { projectId, name } = await this.#editable(viewer, id);
    await this.#deletion.deleteVersions(id, {}, async (transaction) => {
      await transaction.dataset.delete({ where: { id } });
      await audit(transaction, viewer, { action: 'deleteDataset', projectId, subject: { type: 'Dataset', id }, details: { name } });
    });
  }

  async #editable(viewer: Viewer, id: string): Promise<Dataset> {
    const dataset = await this.#prisma.dataset.findUnique({ where: { id } });
    const what = `dataset ${id}`;
    if (!dataset) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: dataset.projectId, role: 'EDITOR', scope: 'write', what });
    return dataset;
  }
}

function valid(input: Described): Described {
  const [name, description] = [input.name?.trim(), input.description?.trim()];
  const issues = [
    ...(name !== undefined && (name.length < 1 || name.length > 100) ? [{ path: 'name', message: 'A name has 1 to 100 characters.' }] : []),
    ...((description?.length ?? 0) > 10_000 ? [{ path: 'description', message: 'A description has at most 10,000 characters.' }] : []),
  ];
  if (issues.length > 0) throw new Invalid('The dataset is not valid.', issues);
  return { name, description };
}
