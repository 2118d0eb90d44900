import { createHmac, timingSafeEqual } from 'node:crypto';

/** How long a link works. Seconds. */
const lifetime = 15 * 60;

/** A file of the data folder that somebody may fetch. */
export interface LinkedFile {
  /** Relative to the data folder, with slashes. */
  path: string;
  /** What a browser saves it as. */
  fileName: string;
}

/** A file that is made when somebody fetches it. */
export interface MadeFile {
  request: string;
  /** What a browser saves it as. */
  fileName: string;
}

/** Makes and checks signed addresses of files: whoever holds one may fetch that file for a quarter of an hour, without a header. */
export class FileLinks {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** @returns `/files/download?…`, to be put behind the server's own address */
  to({ path, fileName }: LinkedFile, now = Date.now()): string {
    const expires = String(Math.floor(now / 1000) + lifetime);
    const signature = this.#sign(path, fileName, expires);
    return `/files/download?${new URLSearchParams({ path, name: fileName, expires, signature })}`;
  }

  /** What a link leads to; undefined when it was not made here, was changed, or has expired. */
  check(query: URLSearchParams, now = Date.now()): LinkedFile | undefined {
    const [path, fileName, expires, signature] = ['path', 'name', 'expires', 'signature'].map((name) => query.get(name) ?? '');
    if (!path || !fileName || !expires || !signature) return undefined;
    if (!isSame(signature, this.#sign(path, fileName, expires))) return undefined;
    return Number(expires) * 1000 > now ? { path, fileName } : undefined;
  }

  /**
   * The address that an upload goes to, until it expires.
   * @returns `/files/uploads/…?…`, to be put behind the server's own address
   */
  toUpload(uploadId: string, expiresAt: Date): string {
    const expires = String(Math.floor(expiresAt.getTime() / 1000));
    const signature = this.#sign('upload', uploadId, expires, '');
    return `/files/uploads/${uploadId}?${new URLSearchParams({ expires, signature })}`;
  }

  /** Whether an address of an upload was made here and has not expired. */
  checkUpload(uploadId: string, query: URLSearchParams, now = Date.now()): boolean {
    const [expires, signature] = ['expires', 'signature'].map((name) => query.get(name) ?? '');
    if (!expires || !signature) return false;
    return isSame(signature, this.#sign('upload', uploadId, expires, '')) && Number(expires) * 1000 > now;
  }

  /**
   * The address of a file that is made when it is fetched.
   * @param request what to make, for whoever makes it.
   * @returns `/files/exports?…`, to be put behind the server's own address
   */
  toExport({ request, fileName }: MadeFile, now = Date.now()): string {
    const expires = String(Math.floor(now / 1000) + lifetime);
    const signature = this.#sign('export', request, fileName, expires);
    return `/files/exports?${new URLSearchParams({ request, name: fileName, expires, signature })}`;
  }

  /** What such an address asks for; undefined when it was not made here, was changed, or has expired. */
  checkExport(query: URLSearchParams, now = Date.now()): MadeFile | undefined {
    const [request, fileName, expires, signature] = ['request', 'name', 'expires', 'signature'].map((name) => query.get(name) ?? '');
    if (!request || !fileName || !expires || !signature) return undefined;
    if (!isSame(signature, this.#sign('export', request, fileName, expires))) return undefined;
    return Number(expires) * 1000 > now ? { request, fileName } : undefined;
  }

  #sign(...parts: string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('base64url');
  }
}

/** Compares in a time that tells nothing. */
function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
