import { randomUUID } from 'node:crypto';
import { createYoga, type YogaInitialContext } from 'graphql-yoga';
import { schema, type Caller } from '@anneal/schema';
import type { Studio } from '@anneal/core';
import type { RequestContext, ServerContext } from './context.ts';
import type { Limits } from './limits.ts';
import type { Logger } from './logger.ts';
import type { Measures } from './operation/measures.ts';
import { useMeasures } from './operation/use-measures.ts';
import { useApiKeyUsage } from './use-api-key-usage.ts';
import { useBodyLimit } from './use-body-limit.ts';
import { useCostLimit } from './use-cost-limit.ts';
import { useDocumentLimits } from './use-document-limits.ts';
import { useEventId } from './use-event-id.ts';
import { useJsonRequests } from './use-json-requests.ts';
import { useKeyScopes } from './use-key-scopes.ts';
import { errorMask, useMaskedErrors } from './use-masked-errors.ts';
import { useRequestTimeout } from './use-request-timeout.ts';
import { useSharedSubscriptions } from './use-shared-subscriptions.ts';
import { useSubscriptionLimit } from './use-subscription-limit.ts';

export interface GraphQLOptions {
  studio: Studio;
  limits: Limits;
  logger: Logger;
  measures: Measures;
}

export type GraphQLServer = ReturnType<typeof createGraphQL>;

/** The GraphQL server without any network: HTTP and SSE through `fetch`, WebSockets through `getEnveloped`. */
export function createGraphQL({ studio, limits, logger, measures }: GraphQLOptions) {
  let graphiql: string | undefined;
  return createYoga<RequestContext, ServerContext>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    batching: false,
    cors: false,
    logging: false,
    maxRequestBodySize: limits.bodyBytes,
    maskedErrors: { maskError: (error) => errorMask(logger)(error) },
    graphiql: { title: 'Anneal', subscriptionsProtocol: 'WS', defaultQuery: exampleQuery },
    // Yoga's own page loads its scripts from a CDN; this one has them inside and works without a network. 9 MB: loaded when asked for.
    renderGraphiQL: async (options) => (graphiql ??= (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options)),
    // Over a WebSocket there is no request.
    context: ({ request, requestId, viewer = null, client = inside, sink }: Partial<YogaInitialContext> & RequestContext) => ({
      studio,
      viewer,
      client,
      sink,
      requestId: requestId ?? randomUUID(),
      position: {},
      lastEventId: request?.headers.get('last-event-id') ?? undefined,
    }),
    // Hooks that wrap the execution nest: the last is the outermost.
    plugins: [
      useJsonRequests(),
      useBodyLimit(limits),
      useDocumentLimits(limits),
      useRequestTimeout(limits),
      useSharedSubscriptions(logger),
      useSubscriptionLimit(limits),
      useEventId(limits),
      useMaskedErrors(logger),
      useKeyScopes(),
      useCostLimit(limits),
      useApiKeyUsage(studio),
      useMeasures(measures),
    ],
  });
}

/** Who asks when no server stands before. */
const inside: Caller = { address: '', userAgent: '', attempt: async () => undefined };

const exampleQuery = `# The newest runs, and where each one stands.
query Runs {
  runs(first: 10, orderBy: { field: CREATED_AT, direction: DESC }) {
    totalCount
    edges {
      node {
        id
        name
        state
        step
        totalSteps
        summary(keys: ["loss", "evaluationLoss"]) {
          key
          unit
          last
          min
        }
      }
    }
  }
}
`;
