import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../access/viewer.ts';
import { Conflict, Forbidden, StudioError } from '../errors.ts';
import { apiKeyViewer } from '../identity/viewers.ts';
import { openPeople } from '../testing/people.ts';
import { cleanUp, owner, temporaryFolder } from '../testing/studio.ts';

const folder = temporaryFolder();
let people: Awaited<ReturnType<typeof openPeople>>;
beforeAll(async () => {
  people = await openPeople(folder);
});
afterAll(async () => {
  await people.prisma.$disconnect();
  cleanUp(folder);
});

const projectId = 'default';
const roles = ['VIEWER', 'EDITOR', 'OWNER'] as const;
const users = ['a', 'b', 'c', 'd'];

/** Somebody with what they may do at this moment. */
async function viewerOf(userId: string, isAdministrator = false): Promise<Viewer> {
  const memberships = await people.prisma.membership.findMany({ where: { userId } });
  return { ...owner, userId, isAdministrator, roles: new Map(memberships.map((one) => [one.projectId, one.role])) };
}

/** Everybody is there again, and `a` is the only member. */
async function begin(): Promise<void> {
  await people.prisma.membership.deleteMany({ where: { projectId } });
  for (const id of users) {
    await people.prisma.user.upsert({ where: { id }, update: {}, create: { id, name: id, email: `${id}@lab.example` } });
  }
  await people.prisma.membership.create({ data: { projectId, userId: 'a', role: 'OWNER' } });
}

const user = fc.constantFrom(...users);
const change = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), by: user, of: user, role: fc.constantFrom(...roles) }),
  fc.record({ kind: fc.constant('changeRole' as const), by: user, of: user, role: fc.constantFrom(...roles) }),
  fc.record({ kind: fc.constant('remove' as const), by: user, of: user, role: fc.constant(null) }),
  fc.record({ kind: fc.constant('leave' as const), by: user, of: user, role: fc.constant(null) }),
  fc.record({ kind: fc.constant('removeUser' as const), by: user, of: user, role: fc.constant(null) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

async function make({ kind, by, of, role }: Change): Promise<void> {
  const viewer = await viewerOf(by);
  switch (kind) {
    case 'add':
      await people.members.add(viewer, { projectId, email: `${of}@lab.example`, role });
      return;
    case 'changeRole':
      await people.members.changeRole(viewer, { projectId, userId: of, role });
      return;
    case 'remove':
      await people.members.remove(viewer, { projectId, userId: of });
      return;
    case 'leave':
      await people.members.leave(viewer, projectId);
      return;
    case 'removeUser':
      await people.users.remove(await viewerOf('local', true), of, by);
  }
}

describe('the members of a project', () => {
  it('always have an owner among them, whoever changes what at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }), async (batches) => {
        await begin();
        for (const batch of batches) {
          const outcomes = await Promise.allSettled(batch.map(make));
          for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StudioError);
          expect(await people.prisma.membership.count({ where: { projectId, role: 'OWNER' } })).toBeGreaterThan(0);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('tell the last owner what to do first', async () => {
    await begin();
    const viewer = await viewerOf('a');
    await expect(people.members.leave(viewer, projectId)).rejects.toThrow(
      new Conflict('A project needs an owner: make somebody else owner first, or delete the project.'),
    );
    await expect(people.members.changeRole(viewer, { projectId, userId: 'a', role: 'EDITOR' })).rejects.toThrow(Conflict);
    await people.members.add(viewer, { projectId, email: 'B@lab.example ', role: 'OWNER' });
    await people.members.leave(viewer, projectId);
    expect(await people.prisma.membership.findMany({ select: { userId: true, role: true }, where: { projectId } })).toEqual([
      { userId: 'b', role: 'OWNER' },
    ]);
  });

  it('are not changed by an owner who was one when the request came in, and is not any more', async () => {
    await begin();
    const before = await viewerOf('a');
    await people.members.add(before, { projectId, email: 'b@lab.example', role: 'OWNER' });
    await people.members.changeRole(await viewerOf('b'), { projectId, userId: 'a', role: 'VIEWER' });
    await expect(people.members.remove(before, { projectId, userId: 'b' })).rejects.toThrow(Forbidden);
  });

  it('lose their keys for the project with it', async () => {
    await begin();
    await people.members.add(await viewerOf('a'), { projectId, email: 'b@lab.example', role: 'EDITOR' });
    const { apiKey } = await people.apiKeys.create(await viewerOf('b'), { name: 'x', scopes: ['read'], projectId });
    expect([...(await apiKeyViewer(people.prisma, { id: apiKey.id }, '')).roles]).toEqual([[projectId, 'EDITOR']]);
    await people.members.remove(await viewerOf('a'), { projectId, userId: 'b' });
    await expect(apiKeyViewer(people.prisma, { id: apiKey.id }, '')).rejects.toThrow('was revoked');
  });
});
