/**
 * Files that were fetched from the Hub, in memory until the model that they belong to is loaded: the plugin can write none. Has the form of
 * the Cache of browsers, which Transformers.js asks for (https://developer.mozilla.org/docs/Web/API/Cache).
 */
export class FetchedFiles {
  readonly #files = new Map<string, ArrayBuffer>();

  async match(address: string): Promise<Response | undefined> {
    const file = this.#files.get(address);
    return file && new Response(file, { headers: { 'content-length': String(file.byteLength) } });
  }

  async put(address: string, response: Response): Promise<void> {
    this.#files.set(address, await response.arrayBuffer());
  }

  /** Forgets the files whose address begins so. @returns how much they were. Bytes. */
  forget(beginning: string): number {
    let bytes = 0;
    for (const [address, file] of this.#files) {
      if (!address.startsWith(beginning)) continue;
      bytes += file.byteLength;
      this.#files.delete(address);
    }
    return bytes;
  }
}
