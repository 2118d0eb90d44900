import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import type { Studio } from '@anneal/core';
import { urlOf } from './addresses.ts';
import { createGraphQL, type GraphQLServer } from './graphql.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { Logger } from './logger.ts';
import { createGuard, type Refusal } from './request-guard.ts';
import { graphiqlPolicy, setSecurityHeaders } from './security-headers.ts';
import { serveClient } from './static-client.ts';
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
 * Serves the studio on one port: the web client at `/`, GraphQL over HTTP, SSE and WebSocket at `/graphql`, `/health`.
 * @throws the error of `listen` (`EADDRINUSE`, `EACCES`, …)
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { studio, port = 0, host = '127.0.0.1', logger = studio.logger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const guard = createGuard({ host, allowedHosts: options.allowedHosts ?? [], allowedOrigins: options.allowedOrigins ?? [] });
  const graphql = createGraphQL({ studio, limits, logger });
  const client = serveClient(options.clientFolder ?? path.join(import.meta.dirname, '../client/build'));

  const server = createServer({ headersTimeout: 10_000, requestTimeout: limits.requestSeconds * 1000 }, (request, response) => {
    const requestId = randomUUID();
    response.setHeader('x-request-id', requestId);
    setSecurityHeaders(response);
    const refusal = guard(request);
    if (refusal) return refuse(response, refusal);
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/health') return health(response);
    if (pathname === graphql.graphqlEndpoint) return serveGraphQL(graphql, request, response, requestId);
    client(request, response);
  });
  const sockets = serveWebSockets({ server, graphql, guard, limits, logger });
  const listeningPort = await listen(server, port, host);
  return {
    url: urlOf(host, listeningPort),
    port: listeningPort,
    close: async () => {
      sockets.close();
      await closeServer(server, () => sockets.terminate());
    },
  };
}

function serveGraphQL(graphql: GraphQLServer, request: IncomingMessage, response: ServerResponse, requestId: string): void {
  if (request.method === 'GET' && request.headers.accept?.includes('text/html'))
    response.setHeader('content-security-policy', graphiqlPolicy);
  void graphql(request, response, { requestId });
}

function health(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end('{"status":"ok"}');
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
