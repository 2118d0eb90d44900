import type { Context } from '@anneal/schema';

/** What resolvers and plugins know about the operation at hand. */
export interface ServerContext extends Context {
  /** Also in the response header `x-request-id` and in the log. */
  requestId: string;
}

/** What the HTTP server hands to the GraphQL server with each request. */
export interface RequestContext {
  requestId?: string;
}
