import fs from 'node:fs/promises';
import path from 'node:path';
import type { PrismaClient, Upload } from '@anneal/prisma';
import { Conflict, LimitExceeded, Unavailable } from '../errors.ts';
import { IncomingFile } from '../files/incoming-file.ts';
import { Turns } from './turns.ts';

/** Where an upload stands after some bytes. MISMATCH: the checksum is another one; all of it was removed. */
export interface Received {
  state: 'OPEN' | 'FINISHED' | 'MISMATCH';
  offset: number;
}

interface UploadBytesOptions {
  prisma: PrismaClient;
  folder: string;
  /** Null for uploads that are not encrypted. */
  keyFor: (upload: Upload) => Buffer | null;
}

/** How often the database is told how far an upload is. Milliseconds. */
const noteInterval = 1000;
/** An upload of which nothing came for so long is closed; it can go on nevertheless. Milliseconds. */
const idleLimit = 5 * 60_000;

/** The bytes of uploads: a folder each, with one file. Open ones are held with what is not on the disk yet. */
export class UploadBytes {
  readonly #options: UploadBytesOptions;
  readonly #turns = new Turns();
  readonly #open = new Map<string, { file: IncomingFile; usedAt: number }>();

  constructor(options: UploadBytesOptions) {
    this.#options = options;
  }

  folderOf(id: string): string {
    return path.join(this.#options.folder, id);
  }

  /** How much has come. An upload that a server left whole, but not finished, is finished. */
  offset(upload: Upload): Promise<number> {
    if (upload.finishedAt) return Promise.resolve(upload.bytes);
    // Whoever is sending goes on: they are only asked how far they are.
    if (this.#turns.isTaken(upload.id)) return Promise.resolve(this.#open.get(upload.id)?.file.bytes ?? upload.received);
    return this.#turns.take(
      upload.id,
      () => undefined,
      async () => {
        const file = await this.#fileOf(upload);
        const { offset } = await this.#settle(upload, file);
        return offset;
      },
    );
  }

  /** @throws Conflict, LimitExceeded, Unavailable as `UploadService.receive` */
  receive(upload: Upload, offset: number, body: AsyncIterable<Uint8Array>, interrupt: () => void): Promise<Received> {
    return this.#turns.take(upload.id, interrupt, async () => {
      if (upload.finishedAt) throw wrongOffset(offset, upload.bytes);
      const file = await this.#fileOf(upload);
      if (file.bytes !== offset) throw wrongOffset(offset, file.bytes);
      try {
        await this.#append(upload, file, body);
      } catch (error) {
        await this.#settle(upload, file);
        throw explained(error);
      }
      return this.#settle(upload, file);
    });
  }

  /** Ends whoever is sending, and waits until they are done. */
  async stop(id: string): Promise<void> {
    await this.#turns.take(
      id,
      () => undefined,
      () => this.#close(id),
    );
  }

  async remove(id: string): Promise<void> {
    await fs.rm(this.folderOf(id), { recursive: true, force: true });
  }

  /** Ids of folders that were not touched since. */
  async olderThan(time: Date): Promise<string[]> {
    const names = await fs.readdir(this.#options.folder).catch(() => []);
    const stats = await Promise.all(names.map((name) => fs.stat(this.folderOf(name)).catch(() => null)));
    return names.filter((_, index) => (stats[index]?.mtime ?? new Date()) < time);
  }

  /** Files that nobody has written to for a while need not stay open. */
  async closeIdle(now = Date.now()): Promise<void> {
    for (const [id, { usedAt }] of this.#open) if (now - usedAt > idleLimit && !this.#turns.isTaken(id)) await this.stop(id);
  }

  async close(): Promise<void> {
    for (const id of this.#open.keys()) await this.stop(id);
  }

  async #append(upload: Upload, file: IncomingFile, body: AsyncIterable<Uint8Array>): Promise<void> {
    let noted = Date.now();
    for await (const bytes of body) {
      if (file.bytes + bytes.length > upload.bytes)
        throw new LimitExceeded(
          `More bytes have come than the ${upload.bytes} that were announced. Announce the right size, and begin anew.`,
        );
      await file.append(bytes);
      const now = Date.now();
      if (now - noted < noteInterval) continue;
      noted = now;
      await this.#note(upload.id, { received: file.bytes });
    }
  }

  /** Notes how far the upload is; a whole one is closed and its checksum compared. */
  async #settle({ id, bytes, sha256 }: Upload, file: IncomingFile): Promise<Received> {
    const offset = file.bytes;
    if (offset < bytes) {
      await this.#note(id, { received: offset });
      return { state: 'OPEN', offset };
    }
    this.#open.delete(id);
    const found = await file.finish();
    if (sha256 !== null && sha256 !== found) {
      await this.#options.prisma.upload.deleteMany({ where: { id } });
      await this.remove(id);
      return { state: 'MISMATCH', offset: 0 };
    }
    await this.#note(id, { received: offset, sha256: found, finishedAt: new Date() });
    return { state: 'FINISHED', offset };
  }

  /** It may have been cancelled meanwhile. */
  async #note(id: string, data: { received: number; sha256?: string; finishedAt?: Date }): Promise<void> {
    await this.#options.prisma.upload.updateMany({ where: { id }, data });
  }

  async #fileOf(upload: Upload): Promise<IncomingFile> {
    const { id } = upload;
    const known = this.#open.get(id);
    if (known && (await known.file.isCurrent())) {
      known.usedAt = Date.now();
      return known.file;
    }
    await this.#close(id);
    const key = this.#options.keyFor(upload);
    await fs.mkdir(this.folderOf(id), { recursive: true, mode: 0o700 });
    const file = await IncomingFile.open(path.join(this.folderOf(id), key ? '00001.sealed' : '00001.part'), key);
    this.#open.set(id, { file, usedAt: Date.now() });
    return file;
  }

  async #close(id: string): Promise<void> {
    const known = this.#open.get(id);
    this.#open.delete(id);
    await known?.file.close();
  }
}

const wrongOffset = (given: number, right: number): Conflict =>
  new Conflict(`These bytes begin at ${given}, but the upload stands at ${right}. Ask where it stands (HEAD), and go on there.`);

function explained(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new Unavailable("The studio's disk is full. Make room, and go on with the upload.", { cause: error });
}
