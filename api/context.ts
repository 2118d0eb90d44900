import type { Viewer } from '@anneal/core';
import type { Caller, Context } from '@anneal/schema';
import type { Sink } from './live/content.ts';

/** What resolvers and plugins know about the operation at hand. */
export interface ServerContext extends Context {
  /** Also in the response header `x-request-id` and in the log. */
  requestId: string;
  /** Where a transport wants the messages of a shared subscription; without it they are given as results. */
  sink?: Sink;
}

/** What the HTTP server hands to the GraphQL server with each request. */
export interface RequestContext {
  requestId?: string;
  viewer?: Viewer | null;
  client?: Caller;
  sink?: Sink;
}
