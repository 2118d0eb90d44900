import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import { CloseCode, type Context } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import type { Admission, Admitted } from './admission.ts';
import type { Connections } from './connections.ts';
import type { GraphQLServer } from './graphql.ts';
import type { Limits } from './limits.ts';
import type { Logger } from './logger.ts';
import type { Execute, OperationFunctions } from './operations.ts';
import { socketSink } from './live/socket-sink.ts';
import type { Refusal } from './request-guard.ts';
import { errorMask } from './use-masked-errors.ts';

/** RFC 6455's registry: "Service Restart". `graphql-ws` clients connect again by themselves. */
const serviceRestart = 1012;
/** The same: "Try Again Later". */
const tryAgainLater = 1013;

export interface WebSocketOptions {
  server: Server;
  admission: Admission;
  connections: Connections;
  graphql: GraphQLServer;
  guard: (request: IncomingMessage) => Refusal | undefined;
  limits: Limits;
  logger: Logger;
}

/**
 * Speaks `graphql-transport-ws` on the GraphQL endpoint.
 *
 * A slow reader is not buffered for: an operation's next message is made only after the connection has taken the last one
 * (`ws` calls back when the operating system has the bytes), so at most one message an operation waits, and the stream behind
 * it goes back to the database when the reader returns.
 */
export function serveWebSockets(options: WebSocketOptions): { count(): number; close(): void; terminate(): void } {
  const { server, admission, connections, graphql, guard, limits, logger } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytes, perMessageDeflate: false, clientTracking: true });

  useServer<Record<string, unknown>, SocketExtra>(
    {
      execute: masked((args) => graphqlFunctions(args.rootValue).execute(args), logger),
      subscribe: masked((args) => graphqlFunctions(args.rootValue).subscribe(args), logger),
      async onConnect(context) {
        const { socket, request } = context.extra;
        try {
          const admitted = await admission.admit(request, authorizationOf(context));
          context.extra.admitted = admitted;
          if (admitted.viewer) {
            const close = () => socket.close(CloseCode.Forbidden, 'Access has changed: connect again');
            socket.once('close', connections.add(admitted.viewer, close));
          }
          return true;
        } catch (error) {
          socket.close(...refusedSocket(errorMask(logger)(error)));
          return false;
        }
      },
      async onSubscribe(context, id, params) {
        const requestId = randomUUID();
        try {
          const running = Object.keys(context.subscriptions).length;
          if (running > limits.operationsPerSocket) return [tooManyOperations(limits.operationsPerSocket)];
          const { admitted } = context.extra;
          if (!admitted) throw new Error('a socket that was not admitted');
          return await prepare({ graphql, context, id, params, requestId, admitted: await admission.admitAgain(admitted) });
        } catch (error) {
          return [errorMask(logger, requestId)(error)];
        }
      },
      // Messages for a closing socket are dropped at once; a source that is always ready would then never let its close be seen.
      onNext: async ({ extra }) => {
        if (extra.socket.readyState !== WebSocket.OPEN) await setImmediate();
      },
      onError: (_context, _id, _payload, errors) => errors.map((error) => errorMask(logger)(error).toJSON()),
    },
    sockets,
    limits.keepAliveSeconds * 1000,
  );

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal =
      upgradeRefusal(request, graphql.graphqlEndpoint) ?? guard(request) ?? tooManySockets(sockets.clients.size, limits.sockets);
    if (refusal) return refuse(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
  });

  return {
    count: () => sockets.clients.size,
    close() {
      for (const client of sockets.clients) client.close(serviceRestart, 'The server is restarting');
      sockets.close();
    },
    terminate() {
      for (const client of sockets.clients) client.terminate();
    },
  };
}

/** An error that is thrown and not answered would close the socket with all its other operations. */
function masked(run: Execute, logger: Logger): Execute {
  return async (args) => {
    try {
      return await run(args);
    } catch (error) {
      return { errors: [errorMask(logger)(error)] };
    }
  };
}

type GraphQLFunctions = Pick<OperationFunctions, 'execute' | 'subscribe'>;

/** `execute` and `subscribe` with all plugins travel as the root value: `graphql-ws` has no other place for them. */
const rootValues = new WeakMap<object, GraphQLFunctions>();

function graphqlFunctions(rootValue: unknown): GraphQLFunctions {
  const functions = typeof rootValue === 'object' && rootValue !== null ? rootValues.get(rootValue) : undefined;
  if (!functions) throw new Error('operation without its functions');
  return functions;
}

type Params = { query: string; operationName?: string | null; variables?: Record<string, unknown> | null };

/** `admitted`: who opened it, once that is known. */
type SocketExtra = Partial<Extra> & { admitted?: Admitted };

type SocketContext = Context<Record<string, unknown>, SocketExtra>;

interface SocketOperation {
  graphql: GraphQLServer;
  context: SocketContext;
  /** Of the operation, as its client named it. */
  id: string;
  params: Params;
  requestId: string;
  admitted: Admitted;
}

async function prepare({ graphql, context, id, params, requestId, admitted }: SocketOperation) {
  const { socket } = context.extra;
  const sink = socket && socketSink(socket, id);
  const functions: OperationFunctions = graphql.getEnveloped({ requestId, ...admitted, sink, socket, params });
  const { schema } = functions;
  const document = functions.parse(params.query);
  const errors = functions.validate(schema, document);
  if (errors.length > 0) return errors;
  const rootValue = {};
  rootValues.set(rootValue, functions);
  return {
    schema,
    document,
    operationName: params.operationName,
    variableValues: params.variables,
    contextValue: await functions.contextFactory(),
    rootValue,
  };
}

/** What `connection_init` carried, as a header would: `{ "authorization": "Bearer …" }`. */
function authorizationOf({ connectionParams }: Pick<SocketContext, 'connectionParams'>): string | undefined {
  const authorization = connectionParams?.authorization ?? connectionParams?.Authorization;
  if (authorization === undefined || authorization === null) return undefined;
  // Anything but text is no credential, which is not the same as none.
  return typeof authorization === 'string' ? authorization : JSON.stringify(authorization);
}

/** Code and reason to close a socket with that is not admitted. A reason has at most 123 bytes (RFC 6455, 5.5). */
function refusedSocket({ message, extensions: { code } }: GraphQLError): [code: number, reason: string] {
  const reason = Buffer.from(message)
    .subarray(0, 123)
    .toString()
    .replace(/\uFFFD+$/, '');
  if (code === 'UNAUTHENTICATED') return [CloseCode.Forbidden, reason];
  return [tryAgainLater, reason];
}

const tooManyOperations = (limit: number) =>
  new GraphQLError(`${limit} operations are running on this socket, which is the limit. Complete some first.`, {
    extensions: { code: 'SUBSCRIPTION_LIMIT' },
  });

function upgradeRefusal(request: IncomingMessage, endpoint: string): Refusal | undefined {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  return pathname === endpoint ? undefined : { status: 404, message: `WebSockets are served at ${endpoint}.` };
}

function tooManySockets(open: number, limit: number): Refusal | undefined {
  return open < limit
    ? undefined
    : { status: 503, message: `${limit} WebSockets are open, which is the limit of this server. Try again later.` };
}

function refuse(socket: Duplex, { status, message }: Refusal): void {
  const body = `${message}\n`;
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
