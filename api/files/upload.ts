import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Studio } from '@anneal/core';
import { refuse, refuseError } from './answer.ts';

const version = '1.0.0';
const extensions = 'expiration,termination';
/** Somebody who sends nothing for so long is gone. Milliseconds. */
const silence = 60_000;

/**
 * The tus resumable upload protocol 1.0.0 (https://tus.io/protocols/resumable-upload), with the extensions expiration and
 * termination, over uploads that `createUpload` has announced: HEAD tells how far one is, PATCH sends bytes from there on, DELETE gives
 * it up.
 */
export async function receiveUpload(
  studio: Studio,
  request: IncomingMessage,
  response: ServerResponse,
  { uploadId, query }: { uploadId: string; query: URLSearchParams },
): Promise<void> {
  response.setHeader('tus-resumable', version);
  response.setHeader('cache-control', 'no-store');
  const method = methodOf(request);
  if (method === 'OPTIONS') {
    response.writeHead(204, { 'tus-version': version, 'tus-extension': extensions, 'tus-max-size': studio.config.uploadLimitBytes }).end();
    return;
  }
  if (method !== 'HEAD' && method !== 'PATCH' && method !== 'DELETE')
    return refuse(response, 405, 'METHOD_NOT_ALLOWED', 'An upload knows HEAD, PATCH and DELETE.', {
      allow: 'OPTIONS, HEAD, PATCH, DELETE',
    });
  if (!studio.links.checkUpload(uploadId, query)) {
    // The rest of a body that nobody reads is not waited for.
    response.setHeader('connection', 'close');
    return refuse(response, 403, 'FORBIDDEN', 'This address has expired, or was not made by this studio. Make a new upload.');
  }
  if (request.headers['tus-resumable'] !== version)
    return refuse(response, 412, 'PRECONDITION_FAILED', `Send the header "Tus-Resumable: ${version}".`, { 'tus-version': version });
  if (method === 'PATCH') return receive(studio, request, response, uploadId);
  if (method === 'DELETE') {
    await studio.uploads.discard(uploadId);
    return void response.writeHead(204).end();
  }
  const { upload, offset } = await studio.uploads.status(uploadId);
  response
    .writeHead(200, { 'upload-offset': offset, 'upload-length': upload.bytes, 'upload-expires': upload.expiresAt.toUTCString() })
    .end();
}

/** Clients that cannot send PATCH say POST, and what they mean in a header. */
function methodOf({ method, headers }: IncomingMessage): string | undefined {
  const meant = headers['x-http-method-override'];
  return method === 'POST' && typeof meant === 'string' ? meant.toUpperCase() : method;
}

async function receive(studio: Studio, request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
  // Whatever is refused below is refused before its bytes are read.
  response.setHeader('connection', request.complete ? 'keep-alive' : 'close');
  if (request.headers['content-type'] !== 'application/offset+octet-stream')
    return refuse(response, 415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the bytes as "Content-Type: application/offset+octet-stream".');
  const offset = request.headers['upload-offset'];
  if (typeof offset !== 'string' || !/^\d{1,15}$/.test(offset))
    return refuse(response, 400, 'BAD_REQUEST', 'Say in the header "Upload-Offset" where the bytes belong: a whole number.');
  request.setTimeout(silence, () => request.destroy());
  try {
    const received = await studio.uploads.receive(id, Number(offset), bytesOf(request), () => request.destroy());
    response.removeHeader('connection');
    if (received.state === 'MISMATCH')
      return refuse(
        response,
        460,
        'CHECKSUM_MISMATCH',
        'The file that has come is not the one that was announced: its SHA-256 is another one. It was removed; send it again as a new upload.',
      );
    response.writeHead(204, { 'upload-offset': received.offset }).end();
  } catch (error) {
    // Nobody is there to be told of their own leaving.
    if (request.destroyed && !request.complete) response.destroy();
    else refuseError(response, error);
  }
}

async function* bytesOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of request) if (chunk instanceof Uint8Array) yield chunk;
}
