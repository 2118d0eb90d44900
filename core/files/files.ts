import path from 'node:path';
import { keyFile } from '../keys/key-file.ts';
import { openStoredFile, type StoredFile } from './stored-file.ts';

/** Name of the key of encrypted files: DATA_DIR/keys/files.key. */
const keyName = 'files';

/** The files of the data folder, for whoever may read them. */
export class FileService {
  readonly #dataFolder: string;
  #key: Buffer | undefined;

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
  }

  /** Key of encrypted files; made when the first one is written. @throws Unavailable when it cannot be read */
  key(): Buffer {
    return (this.#key ??= keyFile(this.#dataFolder, keyName));
  }

  /** Where the key is, for a process that reads encrypted files: the file is for the owner's eyes only. */
  get keyFile(): string {
    return path.join(this.#dataFolder, 'keys', `${keyName}.key`);
  }

  /**
   * Opens a file for reading, decrypted where it is encrypted.
   * @param relative path below the data folder, with slashes
   * @throws NotFound for whatever is no regular file in a folder of the data folder: links, what lies outside, keys, the database
   */
  open(relative: string): Promise<StoredFile> {
    return openStoredFile(this.#dataFolder, relative, () => this.key());
  }
}
