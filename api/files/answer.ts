import type { ServerResponse } from 'node:http';
import { Conflict, Forbidden, Invalid, LimitExceeded, NotFound, StudioError, Unavailable } from '@anneal/core';

/** Answers in the form of GraphQL errors, so that clients read one kind. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers }).end(body);
}

/** Status of an answer to what went wrong; 500 for bugs. */
function statusOf(error: unknown): number {
  if (error instanceof NotFound) return 404;
  if (error instanceof Forbidden) return 403;
  if (error instanceof Conflict) return 409;
  if (error instanceof LimitExceeded) return 413;
  if (error instanceof Invalid) return 400;
  if (error instanceof Unavailable) return 503;
  return 500;
}

/** Tells what went wrong; of bugs only that there was one. */
export function refuseError(response: ServerResponse, error: unknown): void {
  if (error instanceof StudioError) refuse(response, statusOf(error), error.code, error.message);
  else refuse(response, 500, 'INTERNAL_SERVER_ERROR', 'Something went wrong inside the studio. The log of the server has the details.');
}
