import type { IncomingMessage, ServerResponse } from 'node:http';
import { StudioError, type Studio } from '@anneal/core';
import type { Logger } from '../logger.ts';
import { refuse, refuseError } from './answer.ts';
import { download } from './download.ts';
import { exportMetrics } from './export.ts';
import { receiveUpload } from './upload.ts';

/** Where files go in and out. Every address below is signed: whoever holds it may use it, until it expires. */
export const filesPath = '/files/';

/** Serves `/files/download?…`, `/files/exports?…` and `/files/uploads/…`. */
export async function serveFiles(
  { studio, logger }: { studio: Studio; logger: Logger },
  request: IncomingMessage,
  response: ServerResponse,
  { pathname, searchParams }: URL,
): Promise<void> {
  try {
    if (pathname === `${filesPath}download`) return await download(studio, request, response, searchParams);
    if (pathname === `${filesPath}exports`) return await exportMetrics(studio, request, response, searchParams);
    const [, uploadId] = /^\/files\/uploads\/([0-9a-z]+)$/.exec(pathname) ?? [];
    if (uploadId !== undefined) return await receiveUpload(studio, request, response, { uploadId, query: searchParams });
    refuse(response, 404, 'NOT_FOUND', 'There is nothing here. Files are fetched from addresses that the GraphQL API gives.');
  } catch (error) {
    if (!(error instanceof StudioError)) logger.error({ error, pathname }, 'a file could not be served');
    // Half of a file is worse than none: what cannot be told any more is shown by cutting the connection.
    if (response.headersSent) response.destroy();
    else refuseError(response, error);
  }
}
