import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import type { Context } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import type { GraphQLServer } from './graphql.ts';
import type { Limits } from './limits.ts';
import type { Logger } from './logger.ts';
import type { Execute, OperationFunctions } from './operations.ts';
import type { Refusal } from './request-guard.ts';
import { errorMask } from './use-masked-errors.ts';

/** RFC 6455's registry: "Service Restart". `graphql-ws` clients connect again by themselves. */
const serviceRestart = 1012;

export interface WebSocketOptions {
  server: Server;
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
export function serveWebSockets({ server, graphql, guard, limits, logger }: WebSocketOptions): { close(): void; terminate(): void } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytes, perMessageDeflate: false, clientTracking: true });

  useServer<Record<string, unknown>, Partial<Extra>>(
    {
      execute: masked((args) => graphqlFunctions(args.rootValue).execute(args), logger),
      subscribe: masked((args) => graphqlFunctions(args.rootValue).subscribe(args), logger),
      async onSubscribe(context, _id, params) {
        const requestId = randomUUID();
        try {
          const running = Object.keys(context.subscriptions).length;
          if (running > limits.operationsPerSocket) return [tooManyOperations(limits.operationsPerSocket)];
          return await prepare(graphql, context, params, requestId);
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

async function prepare(
  graphql: GraphQLServer,
  context: Context<Record<string, unknown>, Partial<Extra>>,
  params: Params,
  requestId: string,
) {
  const { socket } = context.extra;
  const functions: OperationFunctions = graphql.getEnveloped({ requestId, socket, params });
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
