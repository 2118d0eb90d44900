import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Studio } from '@anneal/core';
import contentDisposition from 'content-disposition';
import { refuse } from './answer.ts';
import { sendAll } from './send-all.ts';

/** Serves the metrics, or the results of a batch, that a signed link names. They are read while they are sent, no faster than the reader takes them. */
export async function exportMetrics(
  studio: Studio,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'METHOD_NOT_ALLOWED', 'A link to a file is read with GET.', { allow: 'GET, HEAD' });
  const file = studio.batchExport.open(query) ?? studio.metricExport.open(query);
  if (!file) return refuse(response, 403, 'FORBIDDEN', 'This link has expired, or was not made by this studio. Ask for a new one.');
  response.setHeader('content-type', file.contentType);
  response.setHeader('content-disposition', contentDisposition(file.fileName));
  response.setHeader('cache-control', 'private, no-store');
  if (request.method === 'HEAD') return void response.end();
  await sendAll(file.text, response);
}
