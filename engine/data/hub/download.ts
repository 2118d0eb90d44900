import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { syncFolder, writeAll } from '../../weights/durable.ts';
import { askHub, type HubAccess } from './client.ts';

/** A file of a dataset at a commit. */
export interface HubFile {
  path: string;
  size: number;
  /** Of the content, where the Hub knows it. */
  sha256?: string;
}

/**
 * Brings a file into a folder, unless it is there. A file with its name is whole: what is on its way has another one.
 * @param folder of the commit
 * @throws EngineError `DATASET_NOT_FOUND` where it cannot be fetched, `DATASET_INVALID` where it arrives damaged
 */
export async function downloadFile(access: HubAccess, id: string, commit: string, file: HubFile, folder: string): Promise<string> {
  const target = join(folder, ...file.path.split('/'));
  if ((await stat(target).catch(() => null))?.size === file.size) return target;
  await mkdir(dirname(target), { recursive: true });
  const partial = join(dirname(target), `.${randomUUID()}.partial`);
  try {
    await fetchInto(partial, access, id, commit, file);
    await check(partial, id, file);
    await rename(partial, target);
    await syncFolder(dirname(target));
  } finally {
    await rm(partial, { force: true });
  }
  return target;
}

/** What breaks off goes on where it was. */
async function fetchInto(partial: string, access: HubAccess, id: string, commit: string, { path, size }: HubFile): Promise<void> {
  const { downloadFile: blobOf } = await import('@huggingface/hub');
  const handle = await open(partial, 'w');
  try {
    let done = 0;
    await askHub(`file ${path} of dataset ${id}`, access, async () => {
      const blob = await blobOf({ repo: { type: 'dataset', name: id }, path, revision: commit, ...access });
      if (!blob) throw new EngineError('DATASET_NOT_FOUND', `Dataset ${id} has no file ${path} any more.`);
      for await (const chunk of chunksOf(blob.slice(done))) {
        await writeAll(handle, chunk);
        done += chunk.length;
      }
      if (done < size) throw new Error(`only ${done} of ${size} bytes have come`);
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* chunksOf(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function check(path: string, id: string, file: HubFile): Promise<void> {
  const damaged = (problem: string) =>
    new EngineError('DATASET_INVALID', `${file.path} of dataset ${id} has arrived damaged: ${problem}. Try again.`);
  const { size } = await stat(path);
  if (size !== file.size) throw damaged(`${size} bytes instead of ${file.size}`);
  if (file.sha256 === undefined) return;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) if (Buffer.isBuffer(chunk)) hash.update(chunk);
  if (hash.digest('hex') !== file.sha256) throw damaged('its checksum is another one');
}
