import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Forbidden, requireScope, type Studio } from '@anneal/core';
import { type Admission, refuseAdmission } from '../admission.ts';
import type { Logger } from '../logger.ts';
import { errorMask } from '../use-masked-errors.ts';
import type { Measures } from './measures.ts';
import { answerHealth, answerReadiness } from './readiness.ts';

export interface OperationOptions {
  studio: Studio;
  admission: Admission;
  measures: Measures;
  logger: Logger;
}

/** What those ask who keep the server running. */
export const operationPaths: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

/** Answers `/health` and `/ready` to everybody, `/metrics` to administrators, and to everybody in a studio without accounts. */
export async function serveOperation(
  { studio, admission, measures, logger }: OperationOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { pathname, requestId }: { pathname: string; requestId: string },
): Promise<void> {
  if (pathname === '/health') return answerHealth(response);
  if (pathname === '/ready') return answerReadiness(studio, response, logger);
  try {
    const { viewer } = await admission.admit(request, request.headers.authorization);
    requireScope(viewer, 'read');
    // An administrator's key will do, which is no administrator elsewhere: Prometheus does not log in.
    const user = await studio.prisma.user.findUnique({ where: { id: viewer.userId }, select: { isAdministrator: true } });
    if (!user?.isAdministrator) throw new Forbidden('Only an administrator of the studio may see its figures.');
    const text = await measures.text();
    response.writeHead(200, { 'content-type': measures.contentType, 'cache-control': 'no-store' }).end(text);
  } catch (error) {
    refuseAdmission(response, errorMask(logger, requestId)(error));
  }
}

/** Groups addresses such that there are few. */
export const routeOf = (pathname: string): string => {
  if (operationPaths.has(pathname) || pathname === '/graphql') return pathname;
  return pathname.startsWith('/files') ? '/files' : 'client';
};

/** Counts a request, and writes a line about it, when its answer has ended. Neither query nor headers are in it: they may hold secrets. */
export function noteRequest(
  { measures, logger }: Pick<OperationOptions, 'measures' | 'logger'>,
  request: IncomingMessage,
  response: ServerResponse,
  { pathname, requestId }: { pathname: string; requestId: string },
): void {
  const start = performance.now();
  response.once('close', () => {
    const milliseconds = performance.now() - start;
    const { method = '' } = request;
    const { statusCode: status, writableFinished: isWhole } = response;
    measures.request(routeOf(pathname), method, status, milliseconds / 1000);
    logger.info({ requestId, method, path: pathname, status, isWhole, milliseconds: Math.round(milliseconds) }, 'request');
  });
}
