import type { Membership, Prisma, PrismaClient, User } from '@anneal/prisma';
import { type Credential, isScope, scopes, type Viewer } from '../access/viewer.ts';
import { Unauthenticated } from '../errors.ts';

const withMemberships = {
  include: { memberships: { orderBy: [{ createdAt: 'asc' }, { projectId: 'asc' }] } },
} satisfies Prisma.UserDefaultArgs;

type Member = User & { memberships: Membership[] };

/** Who the session is of. @throws Unauthenticated when it has ended */
export async function sessionViewer(prisma: PrismaClient, sessionId: string, address: string): Promise<Viewer> {
  const session = await prisma.session.findUnique({ where: { id: sessionId }, include: { user: withMemberships } });
  if (!session || session.revokedAt) throw new Unauthenticated('This session has ended. Log in again.');
  if (session.expiresAt.getTime() <= Date.now()) throw new Unauthenticated('This session has expired. Log in again.');
  return viewerFrom(session.user, { kind: 'session', sessionId }, address);
}

/**
 * Who the API key is of, with no more than the key may do.
 * @param key the hash of its secret, or its id
 * @throws Unauthenticated when it cannot be used (any more)
 */
export async function apiKeyViewer(prisma: PrismaClient, key: { hash: string } | { id: string }, address: string): Promise<Viewer> {
  const found = await prisma.apiKey.findUnique({ where: key, include: { user: withMemberships } });
  if (!found) throw new Unauthenticated('There is no such API key. Make one in the account it should belong to.');
  if (found.revokedAt) throw new Unauthenticated(`The API key "${found.name}" was revoked. Make a new one.`);
  if (found.expiresAt && found.expiresAt.getTime() <= Date.now()) {
    throw new Unauthenticated(`The API key "${found.name}" has expired. Make a new one.`);
  }
  const { projectId, scopes: stored } = found;
  const user = { ...found.user, memberships: found.user.memberships.filter((one) => projectId === null || one.projectId === projectId) };
  const viewer = viewerFrom(user, { kind: 'apiKey', apiKeyId: found.id }, address);
  // Accounts are managed by people.
  return { ...viewer, isAdministrator: false, scopes: new Set(Array.isArray(stored) ? stored.filter(isScope) : []) };
}

/** Whoever asks from the machine itself, in a studio without accounts: the first administrator. @param address IP address */
export async function localViewer(prisma: PrismaClient, address = ''): Promise<Viewer> {
  const user = await prisma.user.findFirstOrThrow({
    where: { isAdministrator: true, deactivatedAt: null },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    ...withMemberships,
  });
  return viewerFrom(user, { kind: 'local' }, address);
}

/** @throws Unauthenticated when the account is deactivated */
function viewerFrom(user: Member, credential: Credential, address: string): Viewer {
  if (user.deactivatedAt) throw new Unauthenticated('This account is deactivated. Ask an administrator.');
  return {
    userId: user.id,
    name: user.name,
    isAdministrator: user.isAdministrator,
    credential,
    scopes: new Set(scopes),
    roles: new Map(user.memberships.map(({ projectId, role }) => [projectId, role])),
    address,
  };
}
