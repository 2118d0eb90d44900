import type { Prisma, PrismaClient } from '@anneal/prisma';
import { requirePerson } from '../access/access.ts';
import { publishAccessChange } from '../access/access-changes.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import type { StudioConfig } from '../config.ts';
import { Conflict, Forbidden, Invalid, Unauthenticated } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Bus } from '../streams/bus.ts';
import { isUniqueViolation } from '../uniquely.ts';
import { type AccountInput, checkAccount, checkPassword, normalizedEmail } from './account-input.ts';
import type { Client } from './client.ts';
import { localUserId } from './local-user.ts';
import { hashPassword, isPassword } from './passwords.ts';
import { isSameSecret, newSecret } from './secrets.ts';
import type { SessionService, SessionTokens } from './sessions.ts';

export interface AccountServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  sessions: SessionService;
  config: Pick<StudioConfig, 'accounts' | 'registration' | 'setupCode'>;
}

/** Whom the studio knows by e-mail address and password. */
export class AccountService {
  readonly #options: AccountServiceOptions;
  readonly #setupCode: string;

  constructor(options: AccountServiceOptions) {
    this.#options = options;
    this.#setupCode = options.config.setupCode ?? newSecret().slice(0, 16);
  }

  /** What the first account has to be made with, for whoever reads the server's output; undefined when none is needed (any more). */
  async setupCode(): Promise<string | undefined> {
    return this.#options.config.accounts === 'required' && (await this.#isFirst()) ? this.#setupCode : undefined;
  }

  /**
   * Makes an account and logs it in. The first one takes the place of the local user, with everything that it owns, and is administrator;
   * every other one gets a project of its own.
   * @throws Invalid with an issue a field, Forbidden when registration is closed or the set-up code is wrong, Conflict when the address is taken
   */
  async register(input: AccountInput & { setupCode?: string }, client: Client): Promise<SessionTokens> {
    const account = checkAccount(input);
    const isFirst = await this.#isFirst();
    if (isFirst) this.#checkSetupCode(input.setupCode);
    else if (this.#options.config.registration === 'closed') {
      throw new Forbidden('Registration is closed here. Ask an administrator for an account.');
    }
    const passwordHash = await hashPassword(account.password);
    const { prisma, sessions } = this.#options;
    try {
      const session = await prisma.$transaction(async (transaction) => {
        const userId = await insertUser(transaction, account, passwordHash, isFirst);
        const opened = await sessions.open(transaction, userId, client);
        const actor = { userId, address: client.address };
        await audit(transaction, actor, { action: 'register', subject: { type: 'User', id: userId }, details: { email: account.email } });
        return opened;
      });
      return await sessions.withAccessToken(session);
    } catch (error) {
      throw addressTaken(error, account.email);
    }
  }

  /**
   * The same answer, after the same time, whichever of address and password is wrong.
   * @throws Unauthenticated, Forbidden when the account is deactivated
   */
  async logIn({ email, password }: { email: string; password: string }, client: Client): Promise<SessionTokens> {
    const { prisma, sessions } = this.#options;
    const user = await prisma.user.findUnique({ where: { email: normalizedEmail(email) } });
    if (!(await isPassword(password, user?.passwordHash ?? null)) || !user) {
      const subject = user ? { type: 'User', id: user.id } : undefined;
      await prisma.$transaction((transaction) => audit(transaction, { address: client.address }, { action: 'logInFailed', subject }));
      throw new Unauthenticated('The e-mail address or the password is wrong.');
    }
    if (user.deactivatedAt) throw new Forbidden('This account is deactivated. Ask an administrator.');
    const session = await prisma.$transaction(async (transaction) => {
      const opened = await sessions.open(transaction, user.id, client);
      const actor = { userId: user.id, address: client.address };
      await audit(transaction, actor, { action: 'logIn', subject: { type: 'Session', id: opened.sessionId } });
      return opened;
    });
    return sessions.withAccessToken(session);
  }

  /**
   * Changes one's own password and ends one's other sessions. API keys go on.
   * @throws Invalid naming `currentPassword` or `newPassword`, Forbidden for API keys, Conflict for a user without password
   */
  async changePassword(viewer: Viewer, input: { currentPassword: string; newPassword: string }): Promise<void> {
    requirePerson(viewer);
    const { prisma, bus, sessions } = this.#options;
    const { passwordHash } = await prisma.user.findUniqueOrThrow({ where: { id: viewer.userId } });
    if (passwordHash === null) throw new Conflict('The local user has no password. Register to get one.');
    checkPassword(input.newPassword, 'newPassword');
    if (!(await isPassword(input.currentPassword, passwordHash))) {
      const message = 'That is not the present password.';
      throw new Invalid(message, [{ path: 'currentPassword', message }]);
    }
    const changed = await hashPassword(input.newPassword);
    const ended = await prisma.$transaction(async (transaction) => {
      // Whoever asks at the same time with the same old password comes too late.
      const where = { id: viewer.userId, passwordHash };
      const { count } = await transaction.user.updateMany({ where, data: { passwordHash: changed } });
      if (count === 0) throw new Conflict('The password was changed at the same time from elsewhere. Log in again.');
      const except = viewer.credential.kind === 'session' ? viewer.credential.sessionId : undefined;
      await audit(transaction, viewer, { action: 'changePassword', subject: { type: 'User', id: viewer.userId } });
      return sessions.endAll(transaction, viewer.userId, { reason: 'PASSWORD_CHANGED', except });
    });
    publishAccessChange(bus, ...ended.map((sessionId) => ({ sessionId })));
  }

  async #isFirst(): Promise<boolean> {
    return (await this.#options.prisma.user.count({ where: { email: { not: null } } })) === 0;
  }

  #checkSetupCode(given: string | undefined): void {
    if (this.#options.config.accounts === 'off') return;
    if (given === undefined || given === '') {
      const message = 'The first account needs the set-up code, which the server wrote to its output when it started (or SETUP_CODE).';
      throw new Invalid(message, [{ path: 'setupCode', message }]);
    }
    if (!isSameSecret(given.trim(), this.#setupCode))
      throw new Forbidden('The set-up code is wrong. The server wrote it to its output when it started.');
  }
}

/**
 * Makes the row of an account, in a transaction.
 * @param takesOver the first account takes the place of the local user
 * @returns its id
 */
export async function insertUser(
  transaction: Prisma.TransactionClient,
  { email, name }: Omit<AccountInput, 'password'>,
  passwordHash: string,
  takesOver: boolean,
): Promise<string> {
  if (takesOver) {
    const data = { email, name, passwordHash, isAdministrator: true, deactivatedAt: null };
    const { count } = await transaction.user.updateMany({ where: { id: localUserId, email: null }, data });
    if (count === 0) throw new Conflict('Another first account was made at the same time. Try again.');
    return localUserId;
  }
  const id = newId();
  const projectId = newId();
  await transaction.user.create({ data: { id, email, name, passwordHash } });
  await transaction.project.create({
    data: { id: projectId, name: `${name}'s project`, memberships: { create: { userId: id, role: 'OWNER' } } },
  });
  return id;
}

/** @returns what to throw in place of an error of `insertUser` */
export function addressTaken(error: unknown, email: string): unknown {
  return isUniqueViolation(error)
    ? new Conflict(`There is an account with the address "${email}" already. Log in, or take another address.`)
    : error;
}
