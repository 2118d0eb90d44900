import type { Prisma, PrismaClient, User } from '@anneal/prisma';
import { requireAdministrator } from '../access/access.ts';
import { publishAccessChange } from '../access/access-changes.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, NotFound } from '../errors.ts';
import { lockProject } from '../projects/members.ts';
import type { Bus } from '../streams/bus.ts';
import { type AccountInput, checkAccount, checkPassword } from './account-input.ts';
import { addressTaken, insertUser } from './accounts.ts';
import { hashPassword } from './passwords.ts';
import type { SessionService } from './sessions.ts';

export interface UserServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  sessions: SessionService;
}

/** What administrators do with the accounts of others. */
export class UserService {
  readonly #options: UserServiceOptions;

  constructor(options: UserServiceOptions) {
    this.#options = options;
  }

  /** Makes an account for somebody, also while registration is closed. @throws Invalid, Conflict when the address is taken, Forbidden */
  async create(viewer: Viewer, input: AccountInput): Promise<User> {
    requireAdministrator(viewer);
    const account = checkAccount(input);
    const passwordHash = await hashPassword(account.password);
    try {
      return await this.#options.prisma.$transaction(async (transaction) => {
        const id = await insertUser(transaction, account, passwordHash, false);
        await audit(transaction, viewer, { action: 'createUser', subject: { type: 'User', id }, details: { email: account.email } });
        return transaction.user.findUniqueOrThrow({ where: { id } });
      });
    } catch (error) {
      throw addressTaken(error, account.email);
    }
  }

  /** Gives somebody who forgot theirs a new password, and ends their sessions. @throws Invalid, NotFound, Conflict, Forbidden */
  async resetPassword(viewer: Viewer, userId: string, password: string): Promise<User> {
    requireAdministrator(viewer);
    checkPassword(password, 'password');
    const passwordHash = await hashPassword(password);
    return this.#change(viewer, 'resetPassword', userId, async (transaction, user) => {
      if (user.email === null) throw new Conflict('The local user has no password. Register to get one.');
      return { user: await transaction.user.update({ where: { id: userId }, data: { passwordHash } }), endSessions: true };
    });
  }

  /** Locks somebody out, sessions and API keys too, until they are reactivated. @throws NotFound, Conflict for the last administrator, Forbidden */
  async deactivate(viewer: Viewer, userId: string): Promise<User> {
    requireAdministrator(viewer);
    return this.#change(viewer, 'deactivateUser', userId, async (transaction, before) => {
      await keepAnAdministrator(transaction, before);
      const deactivatedAt = before.deactivatedAt ?? new Date();
      return { user: await transaction.user.update({ where: { id: userId }, data: { deactivatedAt } }), endSessions: true };
    });
  }

  /** Lets somebody in again; they have to log in. @throws NotFound, Forbidden */
  async reactivate(viewer: Viewer, userId: string): Promise<User> {
    requireAdministrator(viewer);
    return this.#change(viewer, 'reactivateUser', userId, async (transaction) => ({
      user: await transaction.user.update({ where: { id: userId }, data: { deactivatedAt: null } }),
    }));
  }

  /** @throws NotFound, Conflict for the last administrator, Forbidden */
  async setAdministrator(viewer: Viewer, userId: string, isAdministrator: boolean): Promise<User> {
    requireAdministrator(viewer);
    return this.#change(viewer, 'setAdministrator', userId, async (transaction, before) => {
      if (!isAdministrator) await keepAnAdministrator(transaction, before);
      return { user: await transaction.user.update({ where: { id: userId }, data: { isAdministrator } }) };
    });
  }

  /**
   * Removes an account for good. Projects that nobody else owns go to the successor.
   * @throws NotFound for either, Conflict for the last administrator or when a successor is needed, Forbidden
   */
  async remove(viewer: Viewer, userId: string, successorId?: string): Promise<void> {
    requireAdministrator(viewer);
    const { prisma, bus } = this.#options;
    const changed = await prisma.$transaction(async (transaction) => {
      await lockUsers(transaction);
      const user = await existing(transaction, userId);
      await keepAnAdministrator(transaction, user);
      const alone = await solelyOwned(transaction, userId);
      if (alone.length > 0) await handOver(transaction, { userId, successorId, projects: alone });
      await transaction.user.delete({ where: { id: userId } });
      const details = { email: user.email, ...(successorId !== undefined && { successorId }) };
      await audit(transaction, viewer, { action: 'removeUser', subject: { type: 'User', id: userId }, details });
      return successorId === undefined || alone.length === 0 ? [{ userId }] : [{ userId }, { userId: successorId }];
    });
    publishAccessChange(bus, ...changed);
  }

  async #change(
    viewer: Viewer,
    action: string,
    userId: string,
    change: (transaction: Prisma.TransactionClient, before: User) => Promise<{ user: User; endSessions?: boolean }>,
  ): Promise<User> {
    const { prisma, bus, sessions } = this.#options;
    const user = await prisma.$transaction(async (transaction) => {
      await lockUsers(transaction);
      const { user, endSessions } = await change(transaction, await existing(transaction, userId));
      if (endSessions) await sessions.endAll(transaction, userId, { reason: 'REVOKED' });
      await audit(transaction, viewer, { action, subject: { type: 'User', id: userId } });
      return user;
    });
    publishAccessChange(bus, { userId });
    return user;
  }
}

/** One change of accounts after the other: two administrators must not remove each other at the same time. */
async function lockUsers(transaction: Prisma.TransactionClient): Promise<void> {
  await transaction.$executeRaw`UPDATE "User" SET "name" = "name" WHERE "isAdministrator"`;
}

async function existing(transaction: Prisma.TransactionClient, userId: string): Promise<User> {
  const user = await transaction.user.findUnique({ where: { id: userId } });
  if (!user) throw new NotFound(`There is no user ${userId}.`);
  return user;
}

async function keepAnAdministrator(transaction: Prisma.TransactionClient, user: User): Promise<void> {
  if (!user.isAdministrator) return;
  const others = await transaction.user.count({ where: { isAdministrator: true, deactivatedAt: null, id: { not: user.id } } });
  if (others === 0) throw new Conflict(`${user.name} is the only administrator. Make somebody else administrator first.`);
}

/** Projects that this user alone owns. */
async function solelyOwned(transaction: Prisma.TransactionClient, userId: string): Promise<{ id: string; name: string }[]> {
  const owned = await transaction.membership.findMany({ where: { userId, role: 'OWNER' }, select: { projectId: true } });
  for (const { projectId } of owned) await lockProject(transaction, projectId);
  return transaction.project.findMany({
    where: { id: { in: owned.map(({ projectId }) => projectId) }, memberships: { none: { role: 'OWNER', userId: { not: userId } } } },
    select: { id: true, name: true },
  });
}

async function handOver(
  transaction: Prisma.TransactionClient,
  { userId, successorId, projects }: { userId: string; successorId?: string; projects: { id: string; name: string }[] },
): Promise<void> {
  if (successorId === undefined || successorId === userId) {
    const names = projects.map(({ name }) => `"${name}"`).join(', ');
    throw new Conflict(`Nobody else owns ${names}. Name a successor who is to own that, or have it deleted.`);
  }
  await existing(transaction, successorId);
  for (const { id: projectId } of projects) {
    await transaction.membership.upsert({
      where: { projectId_userId: { projectId, userId: successorId } },
      update: { role: 'OWNER' },
      create: { projectId, userId: successorId, role: 'OWNER' },
    });
  }
}
