import fs from 'node:fs/promises';
import path from 'node:path';
import { runFolderAt } from '@anneal/engine';
import type { Artifact } from '@anneal/prisma';
import type { FileLinks } from '../files/links.ts';

/** A file that a run has left behind. */
export interface RunFile {
  /** With slashes, relative to what it belongs to. */
  name: string;
  bytes: number;
  /** `/files/download?…`, good for a quarter of an hour, for whoever holds it. */
  url: string;
}

export interface RunFilesOptions {
  links: FileLinks;
  folderOf: (runId: string) => string;
  /** Path of a file relative to the data folder. */
  relativeTo: (file: string) => string;
}

/** Files of runs, to be fetched. */
export class RunFiles {
  readonly #options: RunFilesOptions;

  constructor(options: RunFilesOptions) {
    this.#options = options;
  }

  /** The files of an adapter or a model; none when it is gone. */
  ofArtifact({ runId, path: artifact }: Pick<Artifact, 'runId' | 'path'>): Promise<RunFile[]> {
    return this.#list(path.join(this.#options.folderOf(runId), artifact));
  }

  /** Event files that TensorBoard reads; none where they are switched off. */
  ofTensorBoard(runId: string): Promise<RunFile[]> {
    return this.#list(path.join(this.#options.folderOf(runId), 'tensorboard'));
  }

  /** What the training processes printed; null before the first. */
  async workerLog(runId: string): Promise<RunFile | null> {
    const { log } = runFolderAt(this.#options.folderOf(runId));
    const stat = await fs.stat(log).catch(() => null);
    return stat?.isFile() ? this.#file(log, 'worker.log', stat.size) : null;
  }

  async #list(folder: string): Promise<RunFile[]> {
    const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    const found = await Promise.all(
      files.map(async (file) => {
        const stat = await fs.stat(file).catch(() => null);
        return stat ? this.#file(file, path.relative(folder, file), stat.size) : [];
      }),
    );
    return found.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #file(file: string, name: string, bytes: number): RunFile {
    const { links, relativeTo } = this.#options;
    const slashed = (text: string) => text.replaceAll(path.sep, '/');
    return { name: slashed(name), bytes, url: links.to({ path: slashed(relativeTo(file)), fileName: path.basename(file) }) };
  }
}
