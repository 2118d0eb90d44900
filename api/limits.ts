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
}

export const defaultLimits: Readonly<Limits> = {
  bodyBytes: 1024 * 1024,
  documentTokens: 2000,
  aliases: 50,
  depth: 12,
  breadth: 300,
  cost: 20_000,
  requestSeconds: 30,
  sockets: 500,
  operationsPerSocket: 50,
  subscriptions: 2000,
  keepAliveSeconds: 12,
};
