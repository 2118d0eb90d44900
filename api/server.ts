import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { isLoopback, openToStrangers, type Studio } from '@anneal/core';
import { urlOf } from './addresses.ts';
import { Admission, refuseAdmission, setRateHeaders } from './admission.ts';
import { Connections } from './connections.ts';
import { answerCors } from './cors.ts';
import { filesPath, serveFiles } from './files/files.ts';
import { createGraphQL, type GraphQLServer } from './graphql.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { Logger } from './logger.ts';
import { Measures } from './operation/measures.ts';
import { noteRequest, operationPaths, routeOf, serveOperation } from './operation/operation.ts';
import { traceRequest } from './operation/telemetry.ts';
import { endSlowRequest } from './request-deadline.ts';
import { createGuard, type Refusal } from './request-guard.ts';
import { graphiqlPolicy, setSecurityHeaders } from './security-headers.ts';
import { serveClient } from './static-client.ts';
import { errorMask } from './use-masked-errors.ts';
import { serveWebSockets } from './websockets.ts';

export interface ServerOptions {
  studio: Studio;
  /** 0: any free port. */
  port?: number;
  /** Default: loopback only. */
  host?: string;
  allowedHosts?: readonly string[];
  allowedOrigins?: readonly string[];
  limits?: Partial<Limits>;
  logger?: Logger;
  /** The built web client. Default: `client/build` of this project. */
  clientFolder?: string;
}

export interface RunningServer {
  /** `http://localhost:4000` */
  url: string;
  port: number;
  /** Stops listening and closes what is open, such that clients connect again. The studio stays open. */
  close(): Promise<void>;
}

/**
 * Serves the studio on one port: the web client at `/`, GraphQL over HTTP, SSE and WebSocket at `/graphql`, files at `/files`, and
 * `/health`, `/ready` and `/metrics` for those who keep it running.
 * @throws Invalid for a studio without accounts that others could reach, the error of `listen` (`EADDRINUSE`, `EACCES`, …)
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { studio, port = 0, host = '127.0.0.1', logger = studio.logger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  if (studio.config.accounts === 'off' && !isLoopback(host)) throw openToStrangers(host);
  const admission = new Admission(studio, limits);
  const connections = new Connections(studio);
  const { allowedHosts = [], allowedOrigins = [] } = options;
  const guard = createGuard({ host, allowedHosts, allowedOrigins });
  const measures = new Measures(studio, () => sockets.count());
  const graphql = createGraphQL({ studio, limits, logger, measures });
  const client = serveClient(options.clientFolder ?? path.join(import.meta.dirname, '../client/build'));

  const server = createServer({ headersTimeout: 10_000, requestTimeout: 0 }, (request, response) => {
    const requestId = randomUUID();
    response.setHeader('x-request-id', requestId);
    setSecurityHeaders(response);
    const refusal = guard(request);
    if (refusal) return refuse(response, refusal);
    if (answerCors(request, response, allowedOrigins)) return;
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { pathname } = url;
    noteRequest({ measures, logger }, request, response, { pathname, requestId });
    traceRequest(request, response, routeOf(pathname), () => {
      if (pathname.startsWith(filesPath)) return void serveFiles({ studio, logger }, request, response, url);
      endSlowRequest(request, limits.requestSeconds);
      if (operationPaths.has(pathname))
        return void serveOperation({ studio, admission, measures, logger }, request, response, { pathname, requestId });
      if (pathname === graphql.graphqlEndpoint)
        return void serveGraphQL({ admission, connections, graphql, logger, request, response, requestId });
      client(request, response);
    });
  });
  const sockets = serveWebSockets({ server, admission, connections, graphql, guard, limits, logger });
  const listeningPort = await listen(server, port, host);
  return {
    url: urlOf(host, listeningPort),
    port: listeningPort,
    close: async () => {
      connections.close();
      sockets.close();
      await closeServer(server, () => sockets.terminate());
    },
  };
}

interface GraphQLRequest {
  admission: Admission;
  connections: Connections;
  graphql: GraphQLServer;
  logger: Logger;
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
}

async function serveGraphQL({ admission, connections, graphql, logger, request, response, requestId }: GraphQLRequest): Promise<void> {
  if (request.method === 'GET' && request.headers.accept?.includes('text/html'))
    response.setHeader('content-security-policy', graphiqlPolicy);
  try {
    const { viewer, client, taken } = await admission.admit(request, request.headers.authorization);
    setRateHeaders(response, taken);
    if (viewer)
      response.once(
        'close',
        connections.add(viewer, () => cutStream(response)),
      );
    await graphql(request, response, { requestId, viewer, client });
  } catch (error) {
    refuseAdmission(response, errorMask(logger, requestId)(error));
  }
}

/** Cuts an event stream without its last word, so that its reader comes back. Other answers are short, and end by themselves. */
function cutStream(response: ServerResponse): void {
  if (response.writableEnded || response.destroyed) return;
  if (String(response.getHeader('content-type') ?? '').startsWith('text/event-stream')) response.destroy();
  // It may still become one.
  else setTimeout(() => cutStream(response), 100).unref();
}

function refuse(response: ServerResponse, { status, message }: Refusal): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code: 'FORBIDDEN' } }] });
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' }).end(body);
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** How long answers that are under way may take to end. Milliseconds. */
const grace = 1000;

/** Lets short answers end, then cuts what is still open: event streams are cut without their last word, so readers come back. */
function closeServer(server: Server, terminateSockets: () => void): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      terminateSockets();
      server.closeAllConnections();
    }, grace);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
