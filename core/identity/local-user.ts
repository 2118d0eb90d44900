import type { PrismaClient } from '@anneal/prisma';

/** The one user of a studio without accounts. The first account that is made takes its place, with everything that it owns. */
export const localUserId = 'local';
/** The project that every studio begins with. */
export const defaultProjectId = 'default';

/** Makes the user and the project that a studio begins with, where they are missing. */
export async function ensureFirstUser(prisma: PrismaClient): Promise<void> {
  await prisma.$transaction(async (transaction) => {
    if ((await transaction.user.count()) > 0) return;
    await transaction.user.create({ data: { id: localUserId, name: 'Local user', isAdministrator: true } });
    await transaction.project.upsert({ where: { id: defaultProjectId }, update: {}, create: { id: defaultProjectId, name: 'Default' } });
    await transaction.membership.create({ data: { projectId: defaultProjectId, userId: localUserId, role: 'OWNER' } });
  });
}
