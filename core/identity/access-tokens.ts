import { errors, jwtVerify, SignJWT } from 'jose';
import { Unauthenticated } from '../errors.ts';
import type { SigningKeys } from './signing-keys.ts';

/** How long an access token works. Seconds. */
const accessTokenSeconds = 15 * 60;

const issuer = 'anneal';
const audience = 'anneal-api';
const algorithm = 'EdDSA';
const type = 'at+jwt';
/** Clocks of servers that share keys may differ so much. Seconds. */
const clockTolerance = 5;

export interface AccessTokenClaims {
  userId: string;
  sessionId: string;
}

/** Short-lived JSON Web Tokens (RFC 7519, typed as in RFC 9068) that say who has logged in. */
export class AccessTokens {
  readonly #keys: SigningKeys;
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(keys: SigningKeys, now: () => number = Date.now) {
    this.#keys = keys;
    this.#now = now;
  }

  /** @throws Unavailable when there is no key to sign with */
  async sign({ userId, sessionId }: AccessTokenClaims): Promise<{ token: string; expiresAt: Date }> {
    const { id, privateKey } = this.#keys.current();
    const issuedAt = Math.floor(this.#now() / 1000);
    const expiresAt = issuedAt + accessTokenSeconds;
    const token = await new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: algorithm, kid: id, typ: type })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey);
    return { token, expiresAt: new Date(expiresAt * 1000) };
  }

  /** @throws Unauthenticated, saying what is wrong with it */
  async verify(token: string): Promise<AccessTokenClaims> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#key(kid), {
        algorithms: [algorithm],
        typ: type,
        issuer,
        audience,
        requiredClaims: ['sub', 'sid', 'iat', 'exp'],
        clockTolerance,
        currentDate: new Date(this.#now()),
      });
      if (typeof payload.sub !== 'string' || typeof payload.sid !== 'string') throw new Unauthenticated(notOurs);
      return { userId: payload.sub, sessionId: payload.sid };
    } catch (error) {
      if (error instanceof Unauthenticated) throw error;
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      throw new Unauthenticated(reason, { cause: error });
    }
  }

  #key(id: string | undefined) {
    const key = id === undefined ? undefined : this.#keys.find(id);
    if (!key) throw new Unauthenticated('The key that this access token names is not one of this studio (any more). Log in again.');
    return key;
  }
}

const notOurs = 'This access token lacks what this studio writes into its tokens. Log in again.';

/** Undefined: not the token's fault. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'This access token has expired. Renew it with refreshSession, or log in again.';
  if (error instanceof errors.JOSEAlgNotAllowed) return `This access token is signed in a way that is not accepted: only ${algorithm} is.`;
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'The signature of this access token does not fit: it was made elsewhere, or changed on its way.';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return `This access token is for another service: its audience is not "${audience}".`;
    if (error.claim === 'iss') return `This access token comes from another service: its issuer is not "${issuer}".`;
    return notOurs;
  }
  if (error instanceof errors.JOSEError) return 'This is neither an access token nor an API key of this studio.';
  return undefined;
}
