import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { isLoopback } from '@anneal/core';

/** Whether it listens on every address of the machine. */
const isAnyAddress = (host: string): boolean => host === '0.0.0.0' || host === '::' || host === '';

/** The address to show to a person: `0.0.0.0` is no place to visit. */
export function urlOf(host: string, port: number): string {
  const shown = isLoopback(host) || isAnyAddress(host) ? 'localhost' : host;
  return `http://${isIPv6(shown) ? `[${shown}]` : shown}:${port}`;
}

/** `localhost` from `localhost:4000`, `[::1]` from `[::1]:4000`; undefined when it is no host at all. */
export function hostnameOf(authority: string): string | undefined {
  try {
    return new URL(`http://${authority}`).hostname;
  } catch {
    return undefined;
  }
}

/** IP address that a request came from; empty when its connection is gone already. */
export const addressOf = ({ socket }: IncomingMessage): string => socket.remoteAddress ?? '';
