import type { Prisma, PrismaClient, Session } from '@anneal/prisma';
import { requirePerson } from '../access/access.ts';
import { publishAccessChange } from '../access/access-changes.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, NotFound, Unauthenticated } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Bus } from '../streams/bus.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Client } from './client.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** A session that is not renewed for so long ends. Milliseconds. */
const lifetime = 30 * 24 * 60 * 60_000;
/** How long an ended session can still be looked at. Milliseconds. */
const keptFor = 30 * 24 * 60 * 60_000;

export type RevokedReason = 'LOGGED_OUT' | 'REVOKED' | 'PASSWORD_CHANGED' | 'TOKEN_REUSED';

/** What somebody has in hand who logged in. */
export interface SessionTokens {
  userId: string;
  sessionId: string;
  /** JSON Web Token; works for a quarter of an hour. */
  accessToken: string;
  accessTokenExpiresAt: Date;
  /** Works once. */
  refreshToken: string;
  refreshTokenExpiresAt: Date;
}

/** A session as it was opened or renewed, before its access token is signed. */
export type OpenSession = Pick<SessionTokens, 'userId' | 'sessionId' | 'refreshToken' | 'refreshTokenExpiresAt'>;

/** Log-ins: opened with a password, renewed with refresh tokens that work once each, ended by their owner or by a theft that shows. */
export class SessionService {
  readonly #prisma: PrismaClient;
  readonly #bus: Bus;
  readonly #tokens: AccessTokens;

  constructor(prisma: PrismaClient, bus: Bus, tokens: AccessTokens) {
    this.#prisma = prisma;
    this.#bus = bus;
    this.#tokens = tokens;
  }

  /** A new session of somebody whose password was right. Sessions that ended long ago are forgotten. */
  async open(transaction: Prisma.TransactionClient, userId: string, { address, userAgent }: Client): Promise<OpenSession> {
    await transaction.session.deleteMany({ where: { userId, expiresAt: { lt: new Date(Date.now() - keptFor) } } });
    const refreshToken = newSecret();
    const expiresAt = new Date(Date.now() + lifetime);
    const sessionId = newId();
    await transaction.session.create({
      data: {
        id: sessionId,
        userId,
        expiresAt,
        address,
        userAgent: userAgent.slice(0, 400),
        refreshTokens: { create: { hash: hashSecret(refreshToken) } },
      },
    });
    return { userId, sessionId, refreshToken, refreshTokenExpiresAt: expiresAt };
  }

  /** Adds the access token, once the session is stored. */
  async withAccessToken(session: OpenSession): Promise<SessionTokens> {
    const { token, expiresAt } = await this.#tokens.sign(session);
    return { ...session, accessToken: token, accessTokenExpiresAt: expiresAt };
  }

  /**
   * Takes a refresh token in for a new one. One that was used before comes from a copy: the session ends, for the thief and its owner
   * alike. So two tabs must not renew one session at the same time.
   * @throws Unauthenticated
   */
  async refresh(refreshToken: string, client: Client): Promise<SessionTokens> {
    const outcome = await this.#prisma.$transaction((transaction) => this.#rotate(transaction, hashSecret(refreshToken), client));
    if ('problem' in outcome) {
      if (outcome.endedSession !== undefined) publishAccessChange(this.#bus, { sessionId: outcome.endedSession });
      throw new Unauthenticated(outcome.problem);
    }
    return this.withAccessToken(outcome);
  }

  /** @throws Conflict when it is no session that asks, Forbidden for API keys */
  async logOut(viewer: Viewer): Promise<Session> {
    requirePerson(viewer);
    if (viewer.credential.kind !== 'session') throw new Conflict('There is no session to end: this request did not come from a log-in.');
    return this.#end(viewer, viewer.credential.sessionId, 'logOut', 'LOGGED_OUT');
  }

  /** Ends any of one's own sessions. One that has ended is left as it is. @throws NotFound, Forbidden for API keys */
  async revoke(viewer: Viewer, sessionId: string): Promise<Session> {
    requirePerson(viewer);
    return this.#end(viewer, sessionId, 'revokeSession', 'REVOKED');
  }

  /**
   * Ends all sessions of a user.
   * @param options except: this one goes on
   * @returns the ids of those that ended, to be told to the servers once this is committed
   */
  async endAll(
    transaction: Prisma.TransactionClient,
    userId: string,
    { reason, except }: { reason: RevokedReason; except?: string },
  ): Promise<string[]> {
    const where = { userId, revokedAt: null, ...(except !== undefined && { id: { not: except } }) };
    const open = await transaction.session.findMany({ where, select: { id: true } });
    await transaction.session.updateMany({ where, data: { revokedAt: new Date(), revokedReason: reason } });
    return open.map(({ id }) => id);
  }

  async #end(viewer: Viewer, sessionId: string, action: string, revokedReason: RevokedReason): Promise<Session> {
    const session = await this.#prisma.$transaction(async (transaction) => {
      const where = { id: sessionId, userId: viewer.userId };
      const { count } = await transaction.session.updateMany({
        where: { ...where, revokedAt: null },
        data: { revokedAt: new Date(), revokedReason },
      });
      if (count > 0) await audit(transaction, viewer, { action, subject: { type: 'Session', id: sessionId } });
      return transaction.session.findUnique({ where });
    });
    if (!session) throw new NotFound(`There is no session ${sessionId}.`);
    publishAccessChange(this.#bus, { sessionId });
    return session;
  }

  /** Answers the problem in place of throwing it: the end of the session has to be committed. */
  async #rotate(
    transaction: Prisma.TransactionClient,
    hash: string,
    { address }: Client,
  ): Promise<OpenSession | { problem: string; endedSession?: string }> {
    const token = await transaction.refreshToken.findUnique({ where: { hash }, include: { session: { include: { user: true } } } });
    if (!token) return { problem: 'This refresh token is not valid. Log in again.' };
    const { session } = token;
    if (session.revokedAt) return { problem: 'This session has ended. Log in again.' };
    // Only one of two that come at once finds it unused.
    const { count } = await transaction.refreshToken.updateMany({ where: { hash, usedAt: null }, data: { usedAt: new Date() } });
    if (count === 0) {
      await transaction.session.update({ where: { id: session.id }, data: { revokedAt: new Date(), revokedReason: 'TOKEN_REUSED' } });
      const actor = { userId: session.userId, address };
      await audit(transaction, actor, { action: 'refreshTokenReused', subject: { type: 'Session', id: session.id } });
      return {
        problem: 'This refresh token was used before, so a copy of it is about. The session was ended to be safe: log in again.',
        endedSession: session.id,
      };
    }
    if (session.expiresAt.getTime() <= Date.now()) return { problem: 'This session has expired. Log in again.' };
    if (session.user.deactivatedAt) return { problem: 'This account is deactivated. Ask an administrator.' };
    const refreshToken = newSecret();
    const expiresAt = new Date(Date.now() + lifetime);
    await transaction.refreshToken.create({ data: { hash: hashSecret(refreshToken), sessionId: session.id } });
    await transaction.session.update({ where: { id: session.id }, data: { lastUsedAt: new Date(), expiresAt } });
    return { userId: session.userId, sessionId: session.id, refreshToken, refreshTokenExpiresAt: expiresAt };
  }
}
