import type { IncomingMessage, ServerResponse } from 'node:http';

const methods = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
/** What pages may send: credentials, GraphQL over HTTP and server-sent events, uploads by tus, traces. */
const requestHeaders = [
  'authorization',
  'content-type',
  'last-event-id',
  'range',
  'traceparent',
  'tracestate',
  'tus-resumable',
  'upload-checksum',
  'upload-length',
  'upload-metadata',
  'upload-offset',
].join(', ');
/** What pages may read beside the answer itself. */
const responseHeaders = [
  'content-disposition',
  'content-range',
  'etag',
  'location',
  'retry-after',
  'tus-resumable',
  'tus-version',
  'upload-length',
  'upload-offset',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
].join(', ');
/** How long a browser may remember what it was told. Seconds; browsers take less where they like. */
const remembered = '7200';

/**
 * Lets pages of the listed origins use the server (https://fetch.spec.whatwg.org/#http-cors-protocol). Credentials of the browser,
 * cookies above all, play no part: who asks is in the Authorization header, which a page has to know.
 * @returns whether this was a browser's question beforehand (preflight), which is answered then.
 */
export function answerCors(request: IncomingMessage, response: ServerResponse, allowedOrigins: readonly string[]): boolean {
  response.appendHeader('vary', 'origin');
  const { origin } = request.headers;
  if (origin === undefined || !allowedOrigins.includes(origin)) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', responseHeaders);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  response
    .writeHead(204, {
      'access-control-allow-methods': methods,
      'access-control-allow-headers': requestHeaders,
      'access-control-max-age': remembered,
    })
    .end();
  return true;
}
