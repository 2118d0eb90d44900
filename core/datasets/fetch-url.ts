import { lookup } from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Invalid, LimitExceeded, Unavailable } from '../errors.ts';
import { isPublicAddress } from './public-address.ts';

export interface UrlRules {
  /** `data.example` (on the usual port), `data.example:8443`. */
  allowedHosts: readonly string[];
  /** Bytes of the largest file. */
  limitBytes: number;
  /** Lets 127.0.0.1 pass: for tests, which have no other server. */
  allowLoopback?: boolean;
}

const mostRedirects = 5;
/** A server that says nothing for so long is given up. Milliseconds. */
const silence = 30_000;

const invalid = (message: string): Invalid => new Invalid(message, [{ path: 'source.url.url', message }]);

/**
 * Reads an address that may be fetched: http or https, a host that is allowed, and no private address in its place.
 * @throws Invalid
 */
export function checkUrl(text: string, { allowedHosts, allowLoopback = false }: UrlRules): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw invalid('This is no address that can be fetched; give one like https://data.example/train.jsonl.');
  if (url.username !== '' || url.password !== '')
    throw invalid('An address with a name and password in it is not fetched: it would be kept.');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowedHosts.includes(url.host) && !allowedHosts.includes(`${url.hostname}:${portOf(url)}`)) {
    throw invalid(`Datasets are not fetched from ${url.host}: whoever runs the studio lists the hosts that are, in ALLOWED_URL_HOSTS.`);
  }
  if (isIP(host) && !mayConnect(host, allowLoopback)) throw privateAddress(url.host);
  return url;
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80');

/** A machine on the inside must not be reached through the studio (server-side request forgery). */
const privateAddress = (host: string): Invalid =>
  invalid(`${host} leads to an address of this machine or of a private network; datasets are fetched from public ones only.`);

const mayConnect = (address: string, allowLoopback: boolean): boolean =>
  isPublicAddress(address) || (allowLoopback && address === '127.0.0.1');

/**
 * Fetches a file, some bytes at a time. Every redirect is checked as the first address was, and the connection goes to the very IP
 * address that was checked.
 * @throws Invalid, LimitExceeded, Unavailable
 */
export async function* fetchUrl(text: string, rules: UrlRules, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const response = await follow(checkUrl(text, rules), rules, signal, mostRedirects);
  const announced = Number(response.headers['content-length'] ?? 0);
  if (announced > rules.limitBytes) throw tooLarge(announced, rules.limitBytes, response);
  let bytes = 0;
  try {
    for await (const chunk of response) {
      if (!(chunk instanceof Uint8Array)) continue;
      bytes += chunk.length;
      if (bytes > rules.limitBytes) throw tooLarge(bytes, rules.limitBytes, response);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof LimitExceeded ? error : unreachable(text, error);
  } finally {
    response.destroy();
  }
}

function tooLarge(bytes: number, limit: number, response: IncomingMessage): LimitExceeded {
  response.destroy();
  return new LimitExceeded(
    `The file at this address has ${bytes} bytes or more, but this studio takes at most ${limit} (UPLOAD_LIMIT_BYTES).`,
  );
}

async function follow(url: URL, rules: UrlRules, signal: AbortSignal, left: number): Promise<IncomingMessage> {
  const response = await get(url, rules, signal).catch((error: unknown) => {
    throw error instanceof Invalid ? error : unreachable(url.href, error);
  });
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) {
    if (headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity') return response;
    response.destroy();
    throw invalid(`${url.host} sends the file packed (${headers['content-encoding']}), though it was asked not to.`);
  }
  response.destroy();
  if (statusCode < 300 || statusCode > 399 || headers.location === undefined)
    throw new Unavailable(`${url.host} answers ${statusCode} for ${url.pathname}. Check the address.`);
  if (left === 0) throw invalid(`${url.host} leads from one address to the next without end.`);
  const next = checkUrl(new URL(headers.location, url).href, rules);
  if (url.protocol === 'https:' && next.protocol === 'http:') throw invalid(`${url.host} leads to an address without encryption.`);
  return follow(next, rules, signal, left - 1);
}

function get(url: URL, { allowLoopback = false }: UrlRules, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      agent: false,
      signal,
      lookup: checkedLookup(url.host, allowLoopback),
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Anneal' },
    };
    const request = (url.protocol === 'https:' ? https : http).get(url, options, resolve);
    request.setTimeout(silence, () => request.destroy(new Error(`it said nothing for ${silence / 1000} seconds`)));
    request.on('error', reject);
  });
}

/** Names are looked up once, and all of their addresses must do: what was checked is what is connected to (no DNS rebinding). */
const checkedLookup =
  (host: string, allowLoopback: boolean): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = error ?? (addresses.every(({ address }) => mayConnect(address, allowLoopback)) ? null : privateAddress(host));
      const [first] = addresses;
      if (refused || !first) callback(refused ?? new Error('it has no address'), '', 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

function unreachable(text: string, error: unknown): Unavailable {
  const reason = error instanceof Error ? error.message : String(error);
  return new Unavailable(`${new URL(text).host} cannot be read: ${reason}. Try again later.`, { cause: error });
}
