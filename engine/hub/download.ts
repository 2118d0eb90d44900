import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError } from '../errors.ts';
import { syncFolder, writeAll } from '../weights/durable.ts';
import { askHub, isFinalAnswer, type HubAccess } from './client.ts';

/** A file of a repository at a commit. */
export interface HubFile {
  path: string;
  size: number;
  /** Of the content, where the Hub knows it: of large files. */
  sha256?: string;
  /** git's name for the content (SHA-1 of `blob <size>\0` and the content), of files that are kept in git itself. */
  blobId?: string;
}

/** What a file is fetched from. */
export interface HubSource {
  access: HubAccess;
  repo: { type: 'dataset' | 'model'; name: string };
  commit: string;
}

export interface DownloadControl {
  /** Ends the download. */
  signal?: AbortSignal;
  /** Bytes of the file that are here now. */
  onProgress?: (bytes: number) => void;
  /** Keeps what has come when it ends early, and goes on from it the next time. Only one process may then fetch the file. */
  keepPartial?: boolean;
}

/**
 * Brings a file into a folder, unless it is there. A file with its name is whole: what is on its way has another one.
 * @param folder of the commit
 * @throws EngineError `DATASET_NOT_FOUND` or `MODEL_NOT_FOUND` where it cannot be fetched, `DATASET_INVALID` or `MODEL_BROKEN` where it
 * arrives damaged; what `signal` was aborted with
 */
export async function downloadFile(source: HubSource, file: HubFile, folder: string, control: DownloadControl = {}): Promise<string> {
  const target = join(folder, ...file.path.split('/'));
  if ((await stat(target).catch(() => null))?.size === file.size) return target;
  await mkdir(dirname(target), { recursive: true });
  const partial = control.keepPartial ? `${target}.partial` : join(dirname(target), `.${randomUUID()}.partial`);
  let isWhole = false;
  try {
    await fetchInto(partial, source, file, control);
    isWhole = true;
    await check(partial, source, file);
    await rename(partial, target);
    await syncFolder(dirname(target));
  } finally {
    // One that came whole and is not right is of no use either.
    if (isWhole || !control.keepPartial) await rm(partial, { force: true });
  }
  return target;
}

/** What breaks off goes on where it was, as long as something more comes each time. */
async function fetchInto(partial: string, source: HubSource, file: HubFile, { signal, onProgress }: DownloadControl): Promise<void> {
  const handle = await open(partial, 'a');
  try {
    let done = (await handle.stat()).size;
    if (done > file.size) {
      await handle.truncate(0);
      done = 0;
    }
    onProgress?.(done);
    while (done < file.size) {
      const before = done;
      try {
        await fetchRest(handle, source, file, {
          signal,
          from: () => done,
          onChunk: (bytes) => onProgress?.((done += bytes)),
        });
      } catch (error) {
        signal?.throwIfAborted();
        if (done === before || isFinalAnswer(error)) throw error;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface RestOptions {
  signal: AbortSignal | undefined;
  from: () => number;
  onChunk: (bytes: number) => void;
}

async function fetchRest(
  handle: FileHandle,
  source: HubSource,
  { path, size }: HubFile,
  { signal, from, onChunk }: RestOptions,
): Promise<void> {
  const { downloadFile: blobOf } = await import('@huggingface/hub');
  const { access, repo, commit } = source;
  const stoppable: typeof fetch = (input, init) => fetch(input, { ...init, signal });
  await askHub(`file ${path} of ${repo.type} ${repo.name}`, access, async () => {
    signal?.throwIfAborted();
    const blob = await blobOf({ repo, path, revision: commit, ...access, fetch: stoppable });
    if (!blob) throw new EngineError(access.notFound, `${describe(source)} has no file ${path} any more.`);
    for await (const chunk of chunksOf(blob.slice(from()))) {
      signal?.throwIfAborted();
      if (from() + chunk.length > size) throw damaged(source, path, `more comes than ${size} bytes`);
      await writeAll(handle, chunk);
      onChunk(chunk.length);
    }
    if (from() < size) throw new Error(`only ${from()} of ${size} bytes have come`);
  });
}

async function* chunksOf(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function check(partial: string, source: HubSource, { path, size, sha256, blobId }: HubFile): Promise<void> {
  const { size: found } = await stat(partial);
  if (found !== size) throw damaged(source, path, `${found} bytes instead of ${size}`);
  const expected = sha256 ?? blobId;
  if (expected === undefined) return;
  const hash = sha256 === undefined ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256');
  for await (const chunk of createReadStream(partial)) if (Buffer.isBuffer(chunk)) hash.update(chunk);
  if (hash.digest('hex') !== expected) throw damaged(source, path, 'its checksum is another one');
}

const damaged = (source: HubSource, path: string, problem: string): EngineError =>
  new EngineError(
    source.repo.type === 'model' ? 'MODEL_BROKEN' : 'DATASET_INVALID',
    `${path} of ${describe(source)} has arrived damaged: ${problem}. Try again.`,
  );

const describe = ({ repo }: HubSource): string => `${repo.type} ${repo.name}`;
