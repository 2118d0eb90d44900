import fs from 'node:fs/promises';
import type { Model, ModelVersion, Prisma, PrismaClient, Run } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { type Actor, audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { metricSummaries } from '../metrics/summary.ts';
import type { UploadService } from '../uploads/uploads.ts';
import { checkForm, point } from './aliases.ts';
import { storedFiles } from './content.ts';
import { modelForChange } from './models.ts';
import { versionStartedFrom } from './parent.ts';
import { refuseInUse } from './runs-in-use.ts';
import { checkUploaded, type SourceInput, versionSource } from './sources.ts';
import type { FileProblem, VersionFolders } from './version-folders.ts';

export interface VersionServiceOptions {
  prisma: PrismaClient;
  folders: VersionFolders;
  uploads: Pick<UploadService, 'finished' | 'folderOf' | 'take'>;
  runFolderOf: (runId: string) => string;
}

export interface CreateVersionInput extends SourceInput {
  modelId: string;
  /** At most 10,000 characters. */
  notes?: string;
  /** Lets it point to the new version. */
  alias?: string;
  /** The version that it was made from; default: found by the folder that the run started from. */
  parentId?: string;
  /** What an uploaded version was trained on; that of a run is known. */
  baseModelId?: string;
}

/** What a run is asked to become when it ends. */
export interface RegisterInput {
  modelId: string;
  runId: string;
  notes?: string;
  alias?: string;
  /** Who asked for it. */
  userId: string | null;
}

/** Weights that were trained, and what they were made from. They never change. */
export class ModelVersionService {
  readonly #options: VersionServiceOptions;

  constructor(options: VersionServiceOptions) {
    this.#options = options;
  }

  /**
   * Makes the next version of a model.
   * @throws Invalid, NotFound, Conflict when the model has a version with the same content, or the run has not ended, Forbidden for viewers
   */
  async create(viewer: Viewer, input: CreateVersionInput): Promise<ModelVersion> {
    const model = await this.#model(viewer, input.modelId);
    return this.#make(viewer, model, input);
  }

  /**
   * Whether somebody may ask that a run of a project becomes a version of a model when it ends.
   * @throws Invalid for the alias, NotFound when the model is not in that project, Forbidden for viewers
   */
  async checkTarget(viewer: Viewer, { modelId, alias, projectId }: { modelId: string; alias?: string; projectId: string }): Promise<void> {
    const model = await this.#model(viewer, modelId);
    if (model.projectId !== projectId) throw new NotFound(`There is no model ${modelId} in the project of the run.`);
    if (alias !== undefined) checkForm(alias);
  }

  /**
   * Makes a version of what an ended run has saved, as was asked for when it was started: whether this was allowed was looked at then
   * (`checkTarget`). Asked again, it gives the version that is there.
   * @throws NotFound when model or run are gone, Conflict when the run has saved nothing
   */
  async register({ modelId, userId, ...input }: RegisterInput): Promise<ModelVersion> {
    const { prisma } = this.#options;
    const model = await prisma.model.findUnique({ where: { id: modelId } });
    if (!model) throw new NotFound(`There is no model ${modelId} any more.`);
    const made = await prisma.modelVersion.findFirst({ where: { modelId, runId: input.runId } });
    return made ?? this.#make({ userId: userId ?? undefined, address: '' }, model, { modelId, ...input });
  }

  /**
   * Deletes a version and its files. Its number is not given again.
   * @throws NotFound, Conflict while an alias points to it or a run that has not ended starts from it, Forbidden for viewers
   */
  async delete(viewer: Viewer, id: string): Promise<ModelVersion> {
    const { prisma, folders } = this.#options;
    const version = await prisma.$transaction(async (transaction) => {
      const what = `model version ${id}`;
      const there = () => transaction.modelVersion.findUnique({ where: { id } });
      const { modelId = '' } = (await there()) ?? {};
      const { projectId, name } = await modelForChange(transaction, viewer, modelId, { what });
      // Somebody may have been quicker.
      const found = await there();
      if (!found) throw new NotFound(`There is no ${what}.`);
      const { number } = found;
      const aliases = await transaction.modelAlias.findMany({ where: { versionId: id }, orderBy: { name: 'asc' } });
      if (aliases.length > 0) {
        const list = aliases.map((alias) => `"${alias.name}"`).join(', ');
        throw new Conflict(
          `${list} of "${name}" point${aliases.length === 1 ? 's' : ''} to version ${number}. Let the alias point elsewhere, or remove it.`,
        );
      }
      await refuseInUse(transaction, folders, [found]);
      await transaction.modelVersion.delete({ where: { id } });
      await audit(transaction, viewer, {
        action: 'deleteModelVersion',
        projectId,
        subject: { type: 'ModelVersion', id },
        details: { model: name, number },
      });
      return found;
    });
    await folders.remove(id);
    return version;
  }

  /** Reads the files of a version again. @returns those that are not as they were; none when it is intact. @throws NotFound */
  async verify(viewer: Viewer, id: string): Promise<FileProblem[]> {
    const { prisma, folders } = this.#options;
    const version = await prisma.modelVersion.findUnique({ where: { id }, include: { model: true } });
    const what = `model version ${id}`;
    if (!version) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: version.model.projectId, role: 'VIEWER', scope: 'read', what });
    return folders.verify(version.path, storedFiles(version.files));
  }

  async #model(viewer: Viewer, id: string): Promise<Model> {
    const model = await this.#options.prisma.model.findUnique({ where: { id } });
    const what = `model ${id}`;
    if (!model) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: model.projectId, role: 'EDITOR', scope: 'write', what });
    return model;
  }

  async #make(actor: Viewer | Actor, model: Model, input: CreateVersionInput): Promise<ModelVersion> {
    const { prisma, folders, uploads } = this.#options;
    const { alias } = input;
    const notes = validNotes(input.notes ?? '');
    if (alias !== undefined) checkForm(alias);
    const source = await versionSource(this.#options, 'roles' in actor ? actor : null, model.projectId, input);
    const lineage = await this.#lineage(model.projectId, input, source.run);
    const id = newId();
    const { path, files, bytes, contentHash } = await folders.put(id, source.files);
    try {
      if (source.uploads.length > 0) await checkUploaded(source.kind, folders.folderOf(id));
      const version = await prisma.$transaction(async (transaction) => {
        const { count } = await transaction.model.updateMany({ where: { id: model.id }, data: { lastVersionNumber: { increment: 1 } } });
        if (count === 0) throw new NotFound(`There is no model ${model.id} any more.`);
        const locked = await transaction.model.findUniqueOrThrow({ where: { id: model.id } });
        const same = await transaction.modelVersion.findFirst({ where: { modelId: model.id, contentHash } });
        if (same) throw new Conflict(`Version ${same.number} of "${model.name}" has the very same files already.`);
        for (const upload of source.uploads) await uploads.take(transaction, upload.id);
        const { kind, step, run } = source;
        const made = { path, bytes, contentHash, files: files.map((file) => ({ ...file })), metrics: lastValues(run?.summary ?? {}) };
        const created = await transaction.modelVersion.create({
          data: {
            id,
            modelId: model.id,
            number: locked.lastVersionNumber,
            kind,
            step,
            notes,
            createdById: actor.userId,
            ...made,
            ...lineage,
          },
        });
        await this.#audit(transaction, actor, model, created);
        if (alias !== undefined) await point(transaction, actor, { action: 'setModelAlias', model, alias, version: created });
        return created;
      });
      for (const upload of source.uploads) await fs.rm(uploads.folderOf(upload.id), { recursive: true, force: true });
      return version;
    } catch (error) {
      await folders.remove(id);
      throw error;
    }
  }

  /** What a version was made from. @throws Invalid for a parent or a base model that is not in the project */
  async #lineage(
    projectId: string,
    { parentId, baseModelId }: CreateVersionInput,
    run: Run | null,
  ): Promise<Pick<Prisma.ModelVersionUncheckedCreateInput, 'parentId' | 'baseModelId' | 'runId' | 'datasetVersionId' | 'config'>> {
    const { prisma, folders } = this.#options;
    const parent = parentId === undefined ? null : await prisma.modelVersion.findUnique({ where: { id: parentId, model: { projectId } } });
    if (parentId !== undefined && !parent) throw invalid('parentId', `There is no model version ${parentId} in this project.`);
    if (!run) {
      const base = baseModelId === undefined ? null : await prisma.baseModel.findUnique({ where: { id: baseModelId, projectId } });
      if (baseModelId !== undefined && !base)
        throw invalid('baseModelId', `There is no base model ${baseModelId} registered in this project.`);
      return { parentId: parent?.id, baseModelId: base?.id };
    }
    if (baseModelId !== undefined) throw invalid('baseModelId', 'The base model of a run is known. Leave it out.');
    const started = parent ?? (await versionStartedFrom(prisma, folders, projectId, run.config));
    const { id: runId, datasetVersionId, config } = run;
    return { parentId: started?.id, runId, baseModelId: run.baseModelId, datasetVersionId, config: config ?? {} };
  }

  async #audit(transaction: Prisma.TransactionClient, actor: Actor, model: Model, version: ModelVersion): Promise<void> {
    const { id, number, contentHash } = version;
    const details = { model: model.name, number, contentHash };
    const subject = { type: 'ModelVersion', id };
    await audit(transaction, actor, { action: 'createModelVersion', projectId: model.projectId, subject, details });
  }
}

/** Of each metric that ended with a finite value. */
function lastValues(summary: Prisma.JsonValue): Record<string, number> {
  return Object.fromEntries(metricSummaries(summary).flatMap(({ key, last }) => (last === null ? [] : [[key, last]])));
}

function validNotes(given: string): string {
  const notes = given.trim();
  if (notes.length > 10_000) throw invalid('notes', 'Notes have at most 10,000 characters.');
  return notes;
}

function invalid(path: string, message: string): Invalid {
  return new Invalid(message, [{ path, message }]);
}
