import { isDeepStrictEqual } from 'node:util';
import type { DatasetVersion, Prisma, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Forbidden, Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import type { UploadService } from '../uploads/uploads.ts';
import type { DatasetChecks } from './dataset-checks.ts';
import { type FindModel, usableModel } from './find-model.ts';
import { checkUrl, type UrlRules } from './fetch-url.ts';
import { type Origin, storedOrigin } from './origin.ts';
import type { VersionDeletion } from './version-deletion.ts';
import { type NewVersion, type ValidVersion, validVersion } from './version-input.ts';
import { storedSplits } from './version-reading.ts';

export interface DatasetVersionServiceOptions {
  prisma: PrismaClient;
  uploads: UploadService;
  findModel: FindModel;
  checks: DatasetChecks;
  deletion: VersionDeletion;
  encrypts: boolean;
  urlRules: UrlRules;
}

/** What a version is made of: where it comes from, and its files where they are known at once. */
type Content = Pick<DatasetVersion, 'source' | 'contentHash' | 'bytes' | 'path' | 'isEncrypted'> & {
  origin: Origin;
  splits?: Prisma.InputJsonObject;
  uploadId?: string;
};

/** Versions of datasets: added, noted on, deleted. What is in them never changes. */
export class DatasetVersionService {
  readonly #options: DatasetVersionServiceOptions;

  constructor(options: DatasetVersionServiceOptions) {
    this.#options = options;
  }

  /**
   * Adds a version; it is CHECKING until its files are here and every row was looked at. Content that the dataset has already, read in
   * the same way, is not added again.
   * @returns the version, and whether it is a new one
   * @throws Invalid with an issue a field, NotFound, Conflict for an upload that is not whole, Forbidden for viewers, and for paths on the
   *   server for all but administrators
   */
  async add(viewer: Viewer, input: NewVersion): Promise<{ version: DatasetVersion; isNew: boolean }> {
    const { prisma, uploads, checks } = this.#options;
    const { datasetId } = input;
    const dataset = await prisma.dataset.findUnique({ where: { id: datasetId } });
    const what = `dataset ${datasetId}`;
    if (!dataset) throw new NotFound(`There is no ${what}.`);
    const { projectId } = dataset;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write', what });
    const valid = validVersion(input);
    if (valid.baseModelId !== undefined) await usableModel(this.#options.findModel, viewer, valid.baseModelId);
    const { uploadId, origin, splits, ...content } = await this.#content(viewer, projectId, datasetId, valid);
    const added = await prisma.$transaction(async (transaction) => {
      // The row is taken first: numbers have no holes, whoever else adds.
      const { lastNumber } = await transaction.dataset.update({ where: { id: datasetId }, data: { lastNumber: { increment: 0 } } });
      const reading = readingOf(valid, splits);
      const same = await sameVersion(transaction, datasetId, content.contentHash, reading);
      if (uploadId !== undefined) await uploads.take(transaction, uploadId);
      if (same) return { version: same, isNew: false, twin: same };
      const twin =
        content.contentHash === ''
          ? null
          : await transaction.datasetVersion.findFirst({ where: { datasetId, contentHash: content.contentHash } });
      const place = twin ? { path: twin.path, isEncrypted: twin.isEncrypted } : {};
      const number = lastNumber + 1;
      await transaction.dataset.update({ where: { id: datasetId }, data: { lastNumber: number } });
      const version = await transaction.datasetVersion.create({
        data: {
          id: newId(),
          datasetId,
          number,
          state: 'CHECKING',
          ...content,
          ...place,
          ...reading,
          origin,
          problems: [],
          tokenizerOf: valid.baseModelId ?? null,
          notes: valid.notes,
          createdById: viewer.userId,
        },
      });
      const subject = { type: 'DatasetVersion', id: version.id };
      await audit(transaction, viewer, {
        action: 'addDatasetVersion',
        projectId,
        subject,
        details: { datasetId, number, source: content.source },
      });
      return { version, isNew: true, twin };
    });
    // What is there already is not kept twice.
    if (uploadId !== undefined && added.twin) await uploads.removeFolder(uploadId);
    checks.wake();
    return { version: added.version, isNew: added.isNew };
  }

  /** @param notes at most 10,000 characters @throws Invalid, NotFound, Forbidden for viewers */
  async update(viewer: Viewer, id: string, { notes }: { notes: string }): Promise<DatasetVersion> {
    const { projectId } = await this.#editable(viewer, id);
    const trimmed = notes.trim();
    const message = 'Notes have at most 10,000 characters.';
    if (trimmed.length > 10_000) throw new Invalid(message, [{ path: 'notes', message }]);
    return this.#options.prisma.$transaction(async (transaction) => {
      const version = await transaction.datasetVersion.update({ where: { id }, data: { notes: trimmed } });
      await audit(transaction, viewer, { action: 'updateDatasetVersion', projectId, subject: { type: 'DatasetVersion', id } });
      return version;
    });
  }

  /**
   * Deletes a version, and its files where no other version has the same. Its number is not given again.
   * @returns the id of its dataset
   * @throws NotFound, Forbidden for viewers, Conflict while a run that has not ended uses it
   */
  async delete(viewer: Viewer, id: string): Promise<string> {
    const { projectId, version } = await this.#editable(viewer, id);
    const { datasetId, number } = version;
    await this.#options.deletion.deleteVersions(datasetId, { id }, async (transaction) => {
      const subject = { type: 'DatasetVersion', id };
      await audit(transaction, viewer, { action: 'deleteDatasetVersion', projectId, subject, details: { datasetId, number } });
    });
    return datasetId;
  }

  async #content(viewer: Viewer, projectId: string, datasetId: string, { source }: ValidVersion): Promise<Content> {
    const { prisma, uploads, encrypts, urlRules } = this.#options;
    const unknown = { contentHash: '', bytes: 0, path: '', isEncrypted: encrypts };
    if (source.upload) {
      const { id, sha256, bytes, fileName } = await uploads.finished(viewer, source.upload.uploadId, 'DATASET', projectId);
      const isEncrypted = await uploads.isEncrypted(id);
      const origin = { kind: 'upload', fileName } as const;
      return { source: 'UPLOAD', contentHash: sha256, bytes, path: `datasets/${id}`, isEncrypted, origin, uploadId: id };
    }
    if (source.version) {
      const other = await prisma.datasetVersion.findUnique({ where: { id: source.version.versionId, datasetId } });
      if (!other) throw new NotFound(`There is no version ${source.version.versionId} in this dataset.`);
      if (other.path === '') throw new Conflict(`Version ${other.number} has not come in yet. Wait until it is checked.`);
      return contentOf(other);
    }
    if (source.url) {
      const { href } = checkUrl(source.url.url, urlRules);
      return { ...unknown, source: 'URL', origin: { kind: 'url', url: href } };
    }
    if (source.hub) {
      const splits = source.hub.validationSplit === undefined ? undefined : { hasValidation: true };
      return { ...unknown, source: 'HUB', origin: { kind: 'hub', ...source.hub }, splits };
    }
    if (!viewer.isAdministrator) throw new Forbidden('Only administrators may name files of the server. Upload the file instead.');
    return { ...unknown, source: 'FOLDER', origin: { kind: 'path', path: source.path?.path ?? '' } };
  }

  async #editable(viewer: Viewer, id: string): Promise<{ version: DatasetVersion; projectId: string }> {
    const found = await this.#options.prisma.datasetVersion.findUnique({ where: { id }, include: { dataset: true } });
    const what = `dataset version ${id}`;
    if (!found) throw new NotFound(`There is no ${what}.`);
    const { dataset, ...version } = found;
    requireRole(viewer, { projectId: dataset.projectId, role: 'EDITOR', scope: 'write', what });
    return { version, projectId: dataset.projectId };
  }
}

/** The same content as another version has. */
function contentOf({ source, contentHash, bytes, path, isEncrypted, origin, splits }: DatasetVersion): Content {
  const { hasValidation, validationRows } = storedSplits.parse(splits);
  const hasOwn = hasValidation === true || validationRows !== undefined;
  return {
    source,
    contentHash,
    bytes,
    path,
    isEncrypted,
    origin: storedOrigin.parse(origin),
    ...(hasOwn && { splits: { hasValidation: true } }),
  };
}

type AskedReading = { format: string; columns: Record<string, string>; splits?: Prisma.InputJsonObject };

/** How rows are to be read and divided, as it is stored. Rows that have files of their own for validation are not divided again. */
function readingOf({ format, columns, validationShare }: ValidVersion, splits: Prisma.InputJsonObject | undefined): AskedReading {
  const divided = splits ?? (validationShare === undefined ? undefined : { validationShare });
  return { format: format === 'auto' ? '' : format, columns, ...(divided && { splits: divided }) };
}

/** A version with the very same content, read in the same way; not one that could not be used: it may be tried again. */
async function sameVersion(
  transaction: Prisma.TransactionClient,
  datasetId: string,
  contentHash: string,
  asked: AskedReading,
): Promise<DatasetVersion | undefined> {
  if (contentHash === '') return undefined;
  const where = { datasetId, contentHash, state: { not: 'INVALID' as const } };
  const candidates = await transaction.datasetVersion.findMany({ where, orderBy: { number: 'desc' } });
  return candidates.find(
    ({ format, columns, splits }) =>
      (asked.format === '' || asked.format === format) &&
      isDeepStrictEqual(columns ?? {}, asked.columns) &&
      storedSplits.parse(splits).validationShare === storedSplits.parse(asked.splits).validationShare,
  );
}
