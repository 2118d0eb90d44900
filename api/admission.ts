import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Studio, type Taken, Unauthenticated, type Viewer } from '@anneal/core';
import type { Caller } from '@anneal/schema';
import type { GraphQLError } from 'graphql';
import { addressOf } from './addresses.ts';
import type { Limits } from './limits.ts';
import { RateLimits } from './rate-limits.ts';

/** Who asks, and from where. */
export interface Admitted {
  /** Null: a stranger. */
  viewer: Viewer | null;
  client: Caller;
}

/** Finds out who asks, and whether they may ask again so soon. */
export class Admission {
  readonly #studio: Studio;
  readonly #rates: RateLimits;

  constructor(studio: Studio, limits: Limits) {
    this.#studio = studio;
    this.#rates = new RateLimits(studio, limits);
  }

  /**
   * Reads the credential of a request or of a new socket, and counts it.
   * @param authorization the header `Authorization`, or what stands for it
   * @throws Unauthenticated, RateLimited
   */
  async admit(request: IncomingMessage, authorization: string | undefined): Promise<Admitted & { taken: Taken }> {
    const client = this.#caller(request);
    const viewer = await this.#viewer(authorization, client.address);
    return { viewer, client, taken: await this.#rates.request(viewer, client.address) };
  }

  /**
   * Who asks on a socket that was admitted before, with what they may do by now; counts the operation.
   * @throws Unauthenticated, RateLimited
   */
  async admitAgain({ viewer, client }: Admitted): Promise<Admitted> {
    const known = viewer && (await this.#studio.identity.again(viewer));
    await this.#rates.request(known, client.address);
    return { viewer: known, client };
  }

  async #viewer(authorization: string | undefined, address: string): Promise<Viewer | null> {
    try {
      return await this.#studio.identity.viewerOf({ authorization, address });
    } catch (error) {
      // Whoever tries credentials is a stranger until one fits.
      if (error instanceof Unauthenticated) await this.#rates.request(null, address);
      throw error;
    }
  }

  #caller(request: IncomingMessage): Caller {
    const address = addressOf(request);
    return {
      address,
      userAgent: request.headers['user-agent'] ?? '',
      attempt: (account) => this.#rates.attempt(address, account),
    };
  }
}

/** Tells how much may still be asked. */
export function setRateHeaders(response: ServerResponse, { limit, remaining, resetSeconds }: Taken): void {
  response.setHeader('x-ratelimit-limit', limit);
  response.setHeader('x-ratelimit-remaining', remaining);
  response.setHeader('x-ratelimit-reset', resetSeconds);
}

/** Answers a request that is not admitted, as GraphQL answers, with the headers of HTTP (RFC 6750, RFC 6585). */
export function refuseAdmission(response: ServerResponse, { message, extensions }: GraphQLError): void {
  if (response.headersSent) return void response.destroy();
  const { http: _http, ...shown } = extensions;
  const { status, headers } = refusalOf(message, extensions);
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers })
    .end(JSON.stringify({ errors: [{ message, extensions: shown }] }));
}

function refusalOf(
  message: string,
  { code, retrySeconds }: GraphQLError['extensions'],
): { status: number; headers: Record<string, string> } {
  switch (code) {
    case 'UNAUTHENTICATED': {
      // What a quoted string may hold.
      const description = message.replaceAll('"', "'").replaceAll(/[^ -~]|\\/g, '');
      return {
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="anneal", error="invalid_token", error_description="${description}"` },
      };
    }
    case 'RATE_LIMITED':
      return { status: 429, headers: { 'retry-after': String(retrySeconds), 'x-ratelimit-remaining': '0' } };
    case 'FORBIDDEN':
      return { status: 403, headers: {} };
    case 'UNAVAILABLE':
      return { status: 503, headers: {} };
    default:
      return { status: 500, headers: {} };
  }
}
