import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Studio } from '@anneal/core';
import contentDisposition from 'content-disposition';
import parseRange from 'range-parser';
import { refuse } from './answer.ts';
import { sendAll } from './send-all.ts';

/**
 * Serves the file of a signed link (RFC 9110): whole or one range of it, with validators, so that a download that was cut goes on
 * where it was. It is always saved, never shown.
 * @throws NotFound when the file is gone
 */
export async function download(studio: Studio, request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'METHOD_NOT_ALLOWED', 'A link to a file is read with GET.', { allow: 'GET, HEAD' });
  const link = studio.links.check(query);
  if (!link) return refuse(response, 403, 'FORBIDDEN', 'This link has expired, or was not made by this studio. Ask for a new one.');
  const file = await studio.files.open(link.path);
  const etag = `"${file.bytes.toString(36)}-${file.modifiedAt.getTime().toString(36)}"`;
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-disposition', contentDisposition(link.fileName));
  response.setHeader('cache-control', 'private, no-cache');
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('etag', etag);
  response.setHeader('last-modified', file.modifiedAt.toUTCString());
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
  const range = rangeOf(request, file.bytes, etag);
  if (range === 'unsatisfiable') return void response.writeHead(416, { 'content-range': `bytes */${file.bytes}` }).end();
  const { start, end } = range ?? { start: 0, end: file.bytes - 1 };
  response.statusCode = range ? 206 : 200;
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${file.bytes}`);
  response.setHeader('content-length', end - start + 1);
  if (request.method === 'HEAD') return void response.end();
  await sendAll(file.stream(start, end + 1), response);
}

/** The one range that is asked for; undefined for all of it, as for several ranges or one of another content. */
function rangeOf({ headers }: IncomingMessage, bytes: number, etag: string): { start: number; end: number } | 'unsatisfiable' | undefined {
  if (headers.range === undefined || (headers['if-range'] !== undefined && headers['if-range'] !== etag)) return undefined;
  const ranges = parseRange(bytes, headers.range);
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}
