import { requireAdministrator } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { connectionCost } from './page.ts';
import { User } from './user.ts';

const UserFilter = builder.inputType('UserFilter', {
  description: 'Which users. All that is given must hold.',
  fields: (t) => ({
    search: t.string({ description: 'Part of the name or of the e-mail address.' }),
    isDeactivated: t.boolean({ description: 'Only those whose account is locked, or only the others.' }),
  }),
});

function where(filter: typeof UserFilter.$inferInput | null | undefined): Prisma.UserWhereInput {
  const search = filter?.search?.trim();
  return {
    ...(search && { OR: [{ name: { contains: search } }, { email: { contains: search.toLowerCase() } }] }),
    ...(typeof filter?.isDeactivated === 'boolean' && { deactivatedAt: filter.isDeactivated ? { not: null } : null }),
  };
}

builder.queryField('users', (t) =>
  t.prismaConnection({
    type: User,
    cursor: 'id',
    description: 'Everybody with an account, the oldest account first. For administrators.',
    complexity: connectionCost,
    args: { filter: t.arg({ type: UserFilter, description: 'Which users.' }) },
    totalCount: (_root, { filter }, { studio, viewer }) => {
      requireAdministrator(viewer);
      return studio.prisma.user.count({ where: where(filter) });
    },
    resolve: (query, _root, { filter }, { studio, viewer }) => {
      requireAdministrator(viewer);
      return studio.prisma.user.findMany({ ...query, where: where(filter), orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
    },
  }),
);
