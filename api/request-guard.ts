import type { IncomingMessage } from 'node:http';
import { isLoopback } from '@anneal/core';
import { hostnameOf } from './addresses.ts';

export interface Refusal {
  status: number;
  message: string;
}

export interface GuardOptions {
  /** The address that the server listens on. */
  host: string;
  /** Host names that are answered besides the loopback ones. Empty with a public `host`: every name. */
  allowedHosts: readonly string[];
  /** Origins (`https://lab.example`) of other sites whose pages may talk to this server. */
  allowedOrigins: readonly string[];
}

/**
 * Decides whether a request or a WebSocket upgrade may come in at all. Undefined: yes.
 *
 * - The Host header must be a name of this machine. Otherwise a site could point its own name at 127.0.0.1 and read everything
 *   through a visitor's browser (DNS rebinding).
 * - A browser tells the origin of the page that asks. Pages of other sites are refused unless listed.
 */
export function createGuard({ host, allowedHosts, allowedOrigins }: GuardOptions): (request: IncomingMessage) => Refusal | undefined {
  const checksHost = isLoopback(host) || allowedHosts.length > 0;
  return ({ headers }) => {
    const name = hostnameOf(headers.host ?? '');
    if (checksHost && !(name && (isLoopback(name) || allowedHosts.includes(name)))) {
      return {
        status: 403,
        message: `This server does not answer to the name "${headers.host ?? ''}". Use http://localhost, or list the name in ALLOWED_HOSTS.`,
      };
    }
    const { origin } = headers;
    if (origin !== undefined && !allowedOrigins.includes(origin) && originHost(origin) !== headers.host) {
      return { status: 403, message: `Pages of "${origin}" may not use this server. List that origin in ALLOWED_ORIGINS to let them.` };
    }
    return undefined;
  };
}

function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
