import { isIPv6 } from 'node:net';
import { RateLimited, type RateLimit, type Studio, type Taken, type Viewer } from '@anneal/core';
import type { Limits } from './limits.ts';

/** Counts what is asked for, by API key, user and address. */
export class RateLimits {
  readonly #studio: Studio;
  readonly #limits: Limits;

  constructor(studio: Studio, limits: Limits) {
    this.#studio = studio;
    this.#limits = limits;
  }

  /**
   * Counts a request, or an operation on a socket.
   * @param viewer null: a stranger
   * @returns how much is left of the limit that is nearest
   * @throws RateLimited
   */
  async request(viewer: Viewer | null, address: string): Promise<Taken> {
    let nearest: Taken | undefined;
    for (const [key, limit, whose] of this.#buckets(viewer, address)) {
      const taken = await this.#studio.rateLimiter.take(key, limit);
      if (!taken.isAllowed) throw tooMany(taken, limit, `requests ${whose}`);
      if (!nearest || taken.remaining < nearest.remaining) nearest = taken;
    }
    if (!nearest) throw new Error('a request that no limit is for');
    return nearest;
  }

  /**
   * Counts an attempt to guess a secret.
   * @param account an e-mail address, or an id
   * @throws RateLimited
   */
  async attempt(address: string, account?: string): Promise<void> {
    const { attemptsPerAddress, attemptsPerAccount } = this.#limits;
    const fromAddress = await this.#studio.rateLimiter.take(`attempt:${addressGroup(address)}`, attemptsPerAddress);
    if (!fromAddress.isAllowed) throw tooMany(fromAddress, attemptsPerAddress, 'attempts from your address');
    if (account === undefined) return;
    const atAccount = await this.#studio.rateLimiter.take(`attempt:${account.trim().toLowerCase().slice(0, 254)}`, attemptsPerAccount);
    if (!atAccount.isAllowed) throw tooMany(atAccount, attemptsPerAccount, 'attempts for this account');
  }

  #buckets(viewer: Viewer | null, address: string): [key: string, limit: RateLimit, whose: string][] {
    const { requestsPerStranger, requestsLocal, requestsPerUser, requestsPerKey } = this.#limits;
    if (!viewer) return [[`address:${addressGroup(address)}`, requestsPerStranger, 'from your address']];
    const { userId, credential } = viewer;
    if (credential.kind === 'local') return [[`user:${userId}`, requestsLocal, 'from this machine']];
    const ofUser: [string, RateLimit, string] = [`user:${userId}`, requestsPerUser, 'of your account'];
    return credential.kind === 'apiKey' ? [[`key:${credential.apiKeyId}`, requestsPerKey, 'with this API key'], ofUser] : [ofUser];
  }
}

function tooMany({ retrySeconds }: Taken, { burst, perMinute }: RateLimit, what: string): RateLimited {
  const message = `Too many ${what}: ${perMinute} a minute are allowed, ${burst} of them at once. Try again in ${retrySeconds} s.`;
  return new RateLimited(message, retrySeconds);
}

/** Whoever has one IPv6 address has the 2^64 beside it too: their first half counts as one. */
export function addressGroup(address: string): string {
  const [plain = ''] = address.split('%');
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (embedded !== undefined) return embedded;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros: string[] = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - behind.length) }, () => '0');
  return `${[...groups, ...zeros, ...behind]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
