import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Sends pieces as they come, no faster than the reader takes them. A reader that leaves ends it; there is nobody to tell then. */
export async function sendAll(
  pieces: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  response: ServerResponse,
): Promise<void> {
  await pipeline(Readable.from(pieces), response).catch((error: unknown) => {
    if (!response.destroyed || !hasLeft(error)) throw error;
  });
}

const hasLeft = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
