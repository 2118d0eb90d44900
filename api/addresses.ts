import { isIPv6 } from 'node:net';

/** Whether only this machine can reach a server that listens on `host`. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i.test(host);

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
