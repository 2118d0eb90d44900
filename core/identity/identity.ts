import type { PrismaClient } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import type { StudioConfig } from '../config.ts';
import { Unauthenticated } from '../errors.ts';
import type { AccessTokens } from './access-tokens.ts';
import { hashSecret } from './secrets.ts';
import { apiKeyViewer, localViewer, sessionViewer } from './viewers.ts';

/** What every API key begins with, so that people and secret scanners know one. */
export const apiKeyPrefix = 'anneal_';

/** Finds out who asks. */
export class IdentityService {
  readonly #prisma: PrismaClient;
  readonly #tokens: AccessTokens;
  readonly #accounts: StudioConfig['accounts'];

  constructor(prisma: PrismaClient, tokens: AccessTokens, { accounts }: Pick<StudioConfig, 'accounts'>) {
    this.#prisma = prisma;
    this.#tokens = tokens;
    this.#accounts = accounts;
  }

  /**
   * Who a request comes from. Without a credential it is nobody, or in a studio without accounts the local user; a credential that is
   * shown has to be valid in both.
   * @param request authorization: the header, if there was one (RFC 6750); address: IP address that it came from.
   * @throws Unauthenticated, saying what is wrong with the credential
   */
  async viewerOf({ authorization, address }: { authorization?: string; address: string }): Promise<Viewer | null> {
    if (authorization === undefined) return this.#accounts === 'off' ? localViewer(this.#prisma, address) : null;
    const [, token] = /^Bearer +([A-Za-z0-9._~+/=-]{1,4096})$/i.exec(authorization.trim()) ?? [];
    if (token === undefined)
      throw new Unauthenticated('The authorization is not understood. Send "Bearer" and an access token or an API key.');
    if (token.startsWith(apiKeyPrefix)) return apiKeyViewer(this.#prisma, { hash: hashSecret(token) }, address);
    const { sessionId } = await this.#tokens.verify(token);
    return sessionViewer(this.#prisma, sessionId, address);
  }

  /**
   * The same viewer with what they may do now: for a socket, whose credential was shown once.
   * @throws Unauthenticated when the session or the key has ended meanwhile
   */
  async again({ credential, address }: Viewer): Promise<Viewer> {
    switch (credential.kind) {
      case 'local':
        return localViewer(this.#prisma, address);
      case 'session':
        return sessionViewer(this.#prisma, credential.sessionId, address);
      case 'apiKey':
        return apiKeyViewer(this.#prisma, { id: credential.apiKeyId }, address);
    }
  }
}
