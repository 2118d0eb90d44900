import fs from 'node:fs/promises';
import path from 'node:path';
import { isSealed } from '@anneal/engine';
import type { Prisma, PrismaClient, Upload, UploadPurpose } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, NotFound } from '../errors.ts';
import type { FileService } from '../files/files.ts';
import type { FileLinks } from '../files/links.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import { checkRoom } from './disk-room.ts';
import { type NewUpload, validUpload } from './new-upload.ts';
import { type Received, UploadBytes } from './upload-bytes.ts';

/** How long an upload may take. Milliseconds. */
const lifetime = 48 * 3600 * 1000;
/** How often what has expired is removed. Milliseconds. */
const sweepInterval = 10 * 60 * 1000;

export interface UploadServiceOptions {
  prisma: PrismaClient;
  files: FileService;
  links: FileLinks;
  logger: Logger;
  dataFolder: string;
  /** Bytes of the largest file. */
  limitBytes: number;
  /** Whether uploads of datasets are encrypted. */
  encrypts: boolean;
}

/** How an upload stands. */
export interface UploadStatus {
  upload: Upload;
  /** Bytes that have come. */
  offset: number;
}

/** Files on their way in: announced here, sent in pieces to a signed address, and then taken for a dataset or a model. */
export class UploadService {
  readonly #options: UploadServiceOptions;
  readonly #bytes: UploadBytes;
  readonly #timer: NodeJS.Timeout;

  constructor(options: UploadServiceOptions) {
    this.#options = options;
    const { prisma, files, encrypts, dataFolder } = options;
    const keyFor = ({ purpose }: Upload) => (encrypts && purpose === 'DATASET' ? files.key() : null);
    this.#bytes = new UploadBytes({ prisma, folder: path.join(dataFolder, 'uploads'), keyFor });
    this.#timer = setInterval(() => void this.sweep(), sweepInterval).unref();
  }

  /**
   * Announces a file. Its bytes go to `addressOf` the upload.
   * @throws Invalid, LimitExceeded for a file that is too large, Unavailable without room on the disk, NotFound, Forbidden for viewers
   */
  async create(viewer: Viewer, input: NewUpload): Promise<Upload> {
    const { prisma, dataFolder, limitBytes } = this.#options;
    const { projectId } = input;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const { fileName, bytes, sha256, purpose } = validUpload(input, limitBytes);
    await checkRoom(prisma, dataFolder, bytes);
    return prisma.$transaction(async (transaction) => {
      const id = newId();
      const expiresAt = new Date(Date.now() + lifetime);
      const data = { id, projectId, userId: viewer.userId, purpose, fileName, bytes, sha256, expiresAt };
      const upload = await transaction.upload.create({ data });
      await audit(transaction, viewer, {
        action: 'createUpload',
        projectId,
        subject: { type: 'Upload', id },
        details: { fileName, bytes, purpose },
      });
      return upload;
    });
  }

  /** Signed address that the bytes go to, and that tells how many have come: `/files/uploads/…`. */
  addressOf({ id, expiresAt }: Pick<Upload, 'id' | 'expiresAt'>): string {
    return this.#options.links.toUpload(id, expiresAt);
  }

  /** Gives an upload up and removes what has come. @throws NotFound, Forbidden for viewers */
  async cancel(viewer: Viewer, id: string): Promise<Upload> {
    const { prisma } = this.#options;
    const upload = await prisma.upload.findUnique({ where: { id } });
    const what = `upload ${id}`;
    if (!upload) throw new NotFound(`There is no ${what}.`);
    const { projectId } = upload;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write', what });
    await this.#bytes.stop(id);
    await prisma.$transaction(async (transaction) => {
      const { count } = await transaction.upload.deleteMany({ where: { id } });
      if (count === 0) throw new NotFound(`There is no ${what} any more.`);
      await audit(transaction, viewer, { action: 'cancelUpload', projectId, subject: { type: 'Upload', id } });
    });
    await this.#bytes.remove(id);
    return upload;
  }

  /** How far an upload is, for whoever holds its address. @throws NotFound when it is gone or has expired */
  async status(id: string): Promise<UploadStatus> {
    const upload = await this.#open(id);
    return { upload, offset: await this.#bytes.offset(upload) };
  }

  /**
   * Takes bytes of an upload as they come; what came before a cut stays. Whoever was sending before is cut off: they may be gone
   * without a word.
   * @param offset where they belong, which is where the upload stands
   * @param interrupt ends `body` when somebody else goes on with the upload
   * @throws NotFound, Conflict when the upload stands elsewhere, LimitExceeded for more bytes than were announced, Unavailable when the
   *   disk is full
   */
  async receive(id: string, offset: number, body: AsyncIterable<Uint8Array>, interrupt: () => void): Promise<Received> {
    return this.#bytes.receive(await this.#open(id), offset, body, interrupt);
  }

  /** Gives an upload up, for whoever holds its address. @throws NotFound */
  async discard(id: string): Promise<void> {
    await this.#open(id);
    await this.#bytes.stop(id);
    await this.#options.prisma.upload.deleteMany({ where: { id } });
    await this.#bytes.remove(id);
  }

  /**
   * A whole upload, for a dataset or a model to be made of. Only whoever made it may use it.
   * @throws NotFound, Conflict when it is not whole yet or meant for something else
   */
  async finished(viewer: Viewer, id: string, purpose: UploadPurpose, projectId: string): Promise<Upload & { sha256: string }> {
    const upload = await this.#options.prisma.upload.findUnique({ where: { id, projectId, userId: viewer.userId } });
    if (!upload) throw new NotFound(`There is no upload ${id} of yours in this project.`);
    if (upload.purpose !== purpose) throw new Conflict(`The upload "${upload.fileName}" was announced for another purpose.`);
    const { sha256 } = upload;
    if (!upload.finishedAt || sha256 === null)
      throw new Conflict(`The upload "${upload.fileName}" is not whole yet: ${upload.received} of ${upload.bytes} bytes have come.`);
    return { ...upload, sha256 };
  }

  /**
   * Takes a whole upload out of the list, in the transaction that makes something of it. Its folder is the caller's then.
   * @throws Conflict when somebody else was quicker
   */
  async take(transaction: Prisma.TransactionClient, id: string): Promise<void> {
    const { count } = await transaction.upload.deleteMany({ where: { id } });
    if (count === 0) throw new Conflict('This upload has been used already.');
  }

  /** Folder of an upload: its one file is `00001.part`, or `00001.sealed` where it is encrypted. */
  folderOf(id: string): string {
    return this.#bytes.folderOf(id);
  }

  /** Whether a whole upload is encrypted. */
  async isEncrypted(id: string): Promise<boolean> {
    return (await fs.readdir(this.folderOf(id))).some(isSealed);
  }

  /** Removes the file of an upload that was taken, and turned out to be there already. */
  async removeFolder(id: string): Promise<void> {
    await this.#bytes.remove(id);
  }

  /** Removes uploads that have expired, and folders that belong to nothing. */
  async sweep(now = new Date()): Promise<void> {
    const { prisma, logger } = this.#options;
    try {
      const expired = await prisma.upload.findMany({ where: { expiresAt: { lt: now } }, select: { id: true } });
      for (const { id } of expired) {
        await this.#bytes.stop(id);
        await prisma.upload.deleteMany({ where: { id, expiresAt: { lt: now } } });
        await this.#bytes.remove(id);
      }
      await this.#bytes.closeIdle();
      await this.#removeStrays(now);
    } catch (error) {
      logger.error({ error }, 'uploads could not be swept; it is tried again');
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#bytes.close();
  }

  async #open(id: string): Promise<Upload> {
    const upload = await this.#options.prisma.upload.findUnique({ where: { id } });
    if (!upload || upload.expiresAt <= new Date())
      throw new NotFound('This upload is gone: it has expired, was cancelled, or used already.');
    return upload;
  }

  /** What a server left that died between two steps. A folder that a version is made of is moved when the version is checked. */
  async #removeStrays(now: Date): Promise<void> {
    const { prisma } = this.#options;
    for (const id of await this.#bytes.olderThan(new Date(now.getTime() - lifetime))) {
      const owners = await prisma.upload.count({ where: { id } });
      const versions = await prisma.datasetVersion.count({ where: { path: `datasets/${id}` } });
      if (owners + versions === 0) await fs.rm(this.folderOf(id), { recursive: true, force: true });
    }
  }
}
