import type { Membership, Prisma, PrismaClient, Role } from '@anneal/prisma';
import { requirePerson, requireRole } from '../access/access.ts';
import { publishAccessChange } from '../access/access-changes.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, NotFound } from '../errors.ts';
import { normalizedEmail } from '../identity/account-input.ts';
import type { Bus } from '../streams/bus.ts';

/** Who may see a project, and what they may do there. A project always has an owner. */
export class MemberService {
  readonly #prisma: PrismaClient;
  readonly #bus: Bus;

  constructor(prisma: PrismaClient, bus: Bus) {
    this.#prisma = prisma;
    this.#bus = bus;
  }

  /** @throws NotFound for the project or an address without account, Conflict when they are a member already, Forbidden */
  async add(viewer: Viewer, { projectId, email, role }: { projectId: string; email: string; role: Role }): Promise<Membership> {
    return this.#change(viewer, { action: 'addMember', projectId, role }, async (transaction) => {
      const user = await transaction.user.findUnique({ where: { email: normalizedEmail(email) } });
      if (!user) throw new NotFound(`There is no account with the address "${email.trim()}". Ask them to register first.`);
      const known = await transaction.membership.findUnique({ where: { projectId_userId: { projectId, userId: user.id } } });
      if (known) throw new Conflict(`${user.name} is a member already, as ${known.role.toLowerCase()}. Change their role instead.`);
      return transaction.membership.create({ data: { projectId, userId: user.id, role } });
    });
  }

  /** @throws NotFound, Conflict when the last owner would go, Forbidden */
  async changeRole(viewer: Viewer, { projectId, userId, role }: { projectId: string; userId: string; role: Role }): Promise<Membership> {
    return this.#change(viewer, { action: 'changeMemberRole', projectId, role }, async (transaction) => {
      const before = await existing(transaction, projectId, userId);
      if (before.role === 'OWNER' && role !== 'OWNER') await keepAnOwner(transaction, projectId, userId);
      return transaction.membership.update({ where: { projectId_userId: { projectId, userId } }, data: { role } });
    });
  }

  /** @throws NotFound, Conflict for the last owner, Forbidden */
  async remove(viewer: Viewer, { projectId, userId }: { projectId: string; userId: string }): Promise<Membership> {
    return this.#change(viewer, { action: 'removeMember', projectId }, (transaction) => removeMember(transaction, projectId, userId));
  }

  /** Gives one's own membership back, whatever the role. @throws NotFound, Conflict for the last owner, Forbidden for API keys */
  async leave(viewer: Viewer, projectId: string): Promise<Membership> {
    const { userId } = viewer;
    return this.#change(viewer, { action: 'leaveProject', projectId, by: 'VIEWER' }, (transaction) =>
      removeMember(transaction, projectId, userId),
    );
  }

  /**
   * One change after the other: two owners who leave at the same time must not both find that there is another.
   * @param entry by: the role that it needs; role: the one that is given
   */
  async #change(
    viewer: Viewer,
    { action, projectId, role, by = 'OWNER' }: { action: string; projectId: string; role?: Role; by?: Role },
    change: (transaction: Prisma.TransactionClient) => Promise<Membership>,
  ): Promise<Membership> {
    requirePerson(viewer);
    requireRole(viewer, { projectId, role: by, scope: 'write' });
    const membership = await this.#prisma.$transaction(async (transaction) => {
      await lockProject(transaction, projectId);
      await requireStill(transaction, viewer, projectId, by);
      const changed = await change(transaction);
      const subject = { type: 'User', id: changed.userId };
      await audit(transaction, viewer, { action, projectId, subject, details: role === undefined ? {} : { role } });
      return changed;
    });
    publishAccessChange(this.#bus, { userId: membership.userId });
    return membership;
  }
}

/**
 * Makes everybody else who wants to change the members wait until this transaction has ended: a row that is written to is locked, in
 * every database.
 */
export async function lockProject(transaction: Prisma.TransactionClient, projectId: string): Promise<void> {
  await transaction.$executeRaw`UPDATE "Project" SET "name" = "name" WHERE "id" = ${projectId}`;
}

/** @throws Conflict when nobody else owns the project */
async function keepAnOwner(transaction: Prisma.TransactionClient, projectId: string, userId: string): Promise<void> {
  const others = await transaction.membership.count({ where: { projectId, role: 'OWNER', userId: { not: userId } } });
  if (others === 0) throw new Conflict('A project needs an owner: make somebody else owner first, or delete the project.');
}

async function removeMember(transaction: Prisma.TransactionClient, projectId: string, userId: string): Promise<Membership> {
  const { role } = await existing(transaction, projectId, userId);
  if (role === 'OWNER') await keepAnOwner(transaction, projectId, userId);
  await transaction.apiKey.updateMany({ where: { projectId, userId, revokedAt: null }, data: { revokedAt: new Date() } });
  return transaction.membership.delete({ where: { projectId_userId: { projectId, userId } } });
}

async function existing(transaction: Prisma.TransactionClient, projectId: string, userId: string): Promise<Membership> {
  const found = await transaction.membership.findUnique({ where: { projectId_userId: { projectId, userId } } });
  if (!found) throw new NotFound('There is no such member in this project.');
  return found;
}

/** Roles are read when a request comes in; another owner may have taken this one's away since. */
async function requireStill(transaction: Prisma.TransactionClient, viewer: Viewer, projectId: string, role: Role): Promise<void> {
  const own = await transaction.membership.findUnique({ where: { projectId_userId: { projectId, userId: viewer.userId } } });
  const roles: Viewer['roles'] = new Map(own ? [[projectId, own.role]] : []);
  requireRole({ ...viewer, roles }, { projectId, role, scope: 'write' });
}
