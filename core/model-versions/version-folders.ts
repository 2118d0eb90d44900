import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { contentHashOf, describeFiles, fileNames, type VersionFile } from './content.ts';

/** Relative to the data folder. */
const root = 'model-versions';
/** A folder without a version that is younger may be on its way. Milliseconds. */
const orphanAge = 60 * 60 * 1000;

export interface PutFolder {
  /** Relative to the data folder. */
  path: string;
  files: VersionFile[];
  bytes: number;
  contentHash: string;
}

/** A file that becomes one of a version. */
export interface SourceFile {
  /** In the version, with slashes. */
  name: string;
  /** Absolute. */
  path: string;
}

/** What is wrong with a file of a version. */
export interface FileProblem {
  name: string;
  kind: 'MISSING' | 'CHANGED' | 'ADDED';
}

/** The folders in DATA_DIR/model-versions, one a version. */
export class VersionFolders {
  readonly #dataFolder: string;

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
  }

  /**
   * Makes the folder of a new version from files that are elsewhere; it is there whole or not at all. Files are linked where they lie on
   * the same disk: what a run has written is never written over.
   */
  async put(id: string, sources: readonly SourceFile[]): Promise<PutFolder> {
    const partial = `${this.folderOf(id)}.${randomUUID()}.partial`;
    try {
      for (const source of sources) await linkOrCopy(source.path, path.join(partial, source.name));
      const files = await describeFiles(
        partial,
        sources.map(({ name }) => name),
      );
      await fs.rename(partial, this.folderOf(id));
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return { path: this.#place(id), files, bytes, contentHash: contentHashOf(files) };
    } finally {
      await fs.rm(partial, { recursive: true, force: true });
    }
  }

  /** Absolute path of a version's folder. */
  folderOf(id: string): string {
    return this.#absolute(this.#place(id));
  }

  async remove(id: string): Promise<void> {
    await fs.rm(this.folderOf(id), { recursive: true, force: true });
  }

  /** Reads all files of a version again. @returns what is not as it was */
  async verify(place: string, known: readonly VersionFile[]): Promise<FileProblem[]> {
    const folder = this.#absolute(place);
    const there = await fileNames(folder).catch(() => []);
    const names = known.map(({ name }) => name);
    const found = new Map(
      (
        await describeFiles(
          folder,
          there.filter((name) => names.includes(name)),
        )
      ).map((file) => [file.name, file]),
    );
    const changed = known.flatMap(({ name, bytes, sha256 }): FileProblem[] => {
      const file = found.get(name);
      if (!file) return [{ name, kind: 'MISSING' }];
      return file.bytes === bytes && file.sha256 === sha256 ? [] : [{ name, kind: 'CHANGED' }];
    });
    return [...changed, ...there.filter((name) => !names.includes(name)).map((name): FileProblem => ({ name, kind: 'ADDED' }))];
  }

  /** The version whose folder a path leads to or into; undefined when it leads elsewhere. */
  versionAt(folder: string): string | undefined {
    const [top, id] = path.relative(this.#dataFolder, path.resolve(folder)).split(path.sep);
    return top === root ? id : undefined;
  }

  /** Removes what was left by versions that were deleted, or never came to be, while a server died. */
  async sweep(isKnown: (id: string) => Promise<boolean>): Promise<void> {
    const folder = this.#absolute(root);
    for (const name of await fs.readdir(folder).catch(() => [])) {
      const { mtimeMs } = await fs.stat(path.join(folder, name));
      const isYoung = Date.now() - mtimeMs < orphanAge;
      if (!isYoung && !(await isKnown(name))) await fs.rm(path.join(folder, name), { recursive: true, force: true });
    }
  }

  #place(id: string): string {
    return `${root}/${id}`;
  }

  #absolute(place: string): string {
    return path.join(this.#dataFolder, place);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await fs.mkdir(path.dirname(to), { recursive: true });
  try {
    await fs.link(from, to);
  } catch {
    // Another disk, or one that has no links.
    await fs.copyFile(from, to);
  }
}
