import type { RateLimit } from '@anneal/core';

/** How much one client may ask for. Every limit refuses with a message that names the limit and what was asked. */
export interface Limits {
  /** Largest HTTP request body and WebSocket message. Bytes. */
  bodyBytes: number;
  /** Lexical tokens of one GraphQL document. */
  documentTokens: number;
  /** Aliased fields of one document. */
  aliases: number;
  /** Levels of fields below each other, fragments followed. */
  depth: number;
  /** Fields of one operation, fragments followed. */
  breadth: number;
  /** Cost of one operation: a field is 1, what is inside a list or a page is multiplied by its size. */
  cost: number;
  /** How long a query or mutation may take. Seconds. */
  requestSeconds: number;
  /** Open WebSockets on the whole server. */
  sockets: number;
  /** Running operations on one WebSocket. */
  operationsPerSocket: number;
  /** Running subscriptions on the whole server, over WebSocket and SSE together. */
  subscriptions: number;
  /** Time between two pings on an idle WebSocket or event stream. Seconds. */
  keepAliveSeconds: number;
  /** Requests and operations on sockets that an API key may send. Those of all keys of a user count as the user's too. */
  requestsPerKey: RateLimit;
  /** Those that a user may send, over all sessions and keys. */
  requestsPerUser: RateLimit;
  /** Those that the local user of a studio without accounts may send: whoever is at this machine anyway. */
  requestsLocal: RateLimit;
  /** Those that may come from one address without a valid credential. */
  requestsPerStranger: RateLimit;
  /** Attempts to log in, to register, to renew a session or to change a password from one address. */
  attemptsPerAddress: RateLimit;
  /** The same for one account, from wherever. */
  attemptsPerAccount: RateLimit;
}

export const defaultLimits: Readonly<Limits> = {
  bodyBytes: 1024 * 1024,
  documentTokens: 2000,
  aliases: 50,
  depth: 12,
  breadth: 300,
  cost: 20_000,
  requestSeconds: 30,
  sockets: 10_000,
  operationsPerSocket: 50,
  subscriptions: 20_000,
  keepAliveSeconds: 12,
  requestsPerKey: { burst: 600, perMinute: 3000 },
  requestsPerUser: { burst: 1200, perMinute: 6000 },
  requestsLocal: { burst: 20_000, perMinute: 60_000 },
  requestsPerStranger: { burst: 100, perMinute: 300 },
  attemptsPerAddress: { burst: 20, perMinute: 10 },
  attemptsPerAccount: { burst: 50, perMinute: 20 },
};
