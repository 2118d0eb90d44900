import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { isDataFile } from '@anneal/engine';
import type { DatasetVersion, Prisma, PrismaClient } from '@anneal/prisma';
import { Invalid } from '../errors.ts';
import type { FileService } from '../files/files.ts';
import { hubEnvironment } from '../runs/engine-process.ts';
import type { UploadService } from '../uploads/uploads.ts';
import { DataProcess } from './data-process.ts';
import { hubResult } from './data-protocol.ts';
import { fetchUrl, type UrlRules } from './fetch-url.ts';
import { type Origin, storedOrigin } from './origin.ts';
import { moveUpload, type SourceFile, takeIn } from './version-files.ts';

export interface BringInOptions {
  prisma: PrismaClient;
  files: FileService;
  uploads: UploadService;
  dataFolder: string;
  encrypts: boolean;
  urlRules: UrlRules;
}

/** What comes in from elsewhere: a place, and files that are held out. */
interface Arrived {
  files: Iterable<SourceFile> | AsyncIterable<SourceFile>;
  validation: Iterable<SourceFile>;
  /** More that is known of where it came from. */
  origin?: Prisma.InputJsonObject;
}

/** Brings the files of versions into the data folder: DATA_DIR/datasets, a folder each. */
export class BringIn {
  readonly #options: BringInOptions;

  constructor(options: BringInOptions) {
    this.#options = options;
  }

  /**
   * Sees to it that the files of a version are in its folder. Asked again after a crash, it begins again.
   * @returns the version as it is then
   * @throws Invalid, LimitExceeded, Unavailable where they cannot be fetched
   */
  async bringIn(version: DatasetVersion, signal: AbortSignal): Promise<DatasetVersion> {
    const { uploads, dataFolder } = this.#options;
    const origin = storedOrigin.parse(version.origin);
    if (version.path !== '') {
      const folder = path.join(dataFolder, version.path);
      if (origin.kind === 'upload') await moveUpload(uploads.folderOf(path.basename(folder)), folder, origin.fileName);
      return version;
    }
    const cache = path.join(dataFolder, 'imports', version.id);
    try {
      return await this.#settle(version, await this.#fetch(origin, cache, signal), signal);
    } finally {
      await fs.rm(cache, { recursive: true, force: true });
    }
  }

  async #fetch(origin: Origin, cache: string, signal: AbortSignal): Promise<Arrived> {
    if (origin.kind === 'url') {
      const { url } = origin;
      return { files: [{ name: new URL(url).pathname, bytes: fetchUrl(url, this.#options.urlRules, signal) }], validation: [] };
    }
    if (origin.kind === 'path') return { files: (await filesAt(origin.path)).map(fileOf), validation: [] };
    if (origin.kind === 'hub') return fromHub(origin, cache, signal);
    throw new RangeError(`a version from ${origin.kind} has a folder from the beginning`);
  }

  /** Writes what has arrived, or uses the files of a sibling that has the very same content. */
  async #settle(version: DatasetVersion, arrived: Arrived, signal: AbortSignal): Promise<DatasetVersion> {
    const { prisma, files, encrypts, dataFolder } = this.#options;
    const own = `datasets/${version.id}`;
    const folder = path.join(dataFolder, own);
    const { contentHash, bytes } = await takeIn(folder, arrived.files, arrived.validation, encrypts ? files.key() : null);
    signal.throwIfAborted();
    const { datasetId } = version;
    const settled = await prisma.$transaction(async (transaction) => {
      // Whoever deletes versions of the dataset waits, or was first.
      await transaction.dataset.update({ where: { id: datasetId }, data: { lastNumber: { increment: 0 } } });
      const sibling = await transaction.datasetVersion.findFirst({ where: { datasetId, contentHash, path: { not: '' } } });
      const place = { path: sibling?.path ?? own, isEncrypted: sibling?.isEncrypted ?? encrypts };
      const origin = arrived.origin && { ...storedOrigin.parse(version.origin), ...arrived.origin };
      return transaction.datasetVersion.update({
        where: { id: version.id },
        data: { contentHash, bytes, ...place, ...(origin && { origin }) },
      });
    });
    if (settled.path !== own) await fs.rm(folder, { recursive: true, force: true });
    return settled;
  }
}

async function fromHub(
  { id, revision, split, validationSplit }: Extract<Origin, { kind: 'hub' }>,
  cache: string,
  signal: AbortSignal,
): Promise<Arrived> {
  // A cache of its own, so that nothing of it stays behind.
  const child = new DataProcess({ ...hubEnvironment(), ANNEAL_CACHE: cache });
  const stop = () => child.close();
  signal.addEventListener('abort', stop);
  try {
    const request = { type: 'hub', path: `hub:${id}`, revision, split, validationSplit: validationSplit ?? null } as const;
    const { commit, files, validationFiles } = await child.ask(request, hubResult);
    return { files: files.map(fileOf), validation: validationFiles.map(fileOf), origin: { commit } };
  } finally {
    signal.removeEventListener('abort', stop);
    child.close();
  }
}

const fileOf = (file: string): SourceFile => ({ name: path.basename(file), bytes: bytesOf(file) });

/** Opened when it is its turn. */
async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) if (chunk instanceof Uint8Array) yield chunk;
}

/** A file, or the data files of a folder in the order of their names. */
async function filesAt(place: string): Promise<string[]> {
  const found = await fs.stat(place).catch(() => null);
  if (!found) throw missing();
  if (!found.isDirectory()) return [place];
  const names = (await fs.readdir(place)).filter(isDataFile).sort();
  if (names.length === 0) throw missing();
  return names.map((name) => path.join(place, name));
}

function missing(): Invalid {
  // Where it should be is not for everybody who sees the version.
  const message = 'There is no dataset at that path: neither a file, nor a folder with .jsonl, .json, .csv, .tsv or .parquet files.';
  return new Invalid(message, [{ path: 'source.path.path', message }]);
}
