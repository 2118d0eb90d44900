import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { connectionCost } from './page.ts';
import { Role } from './role.ts';
import './membership.ts';

export const Project = builder.prismaNode('Project', {
  description: 'What belongs together and is seen by the same people.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id: viewer?.roles.has(id) ? id : '' }),
  authScopes: ({ id }) => ({ member: id }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; several projects may have the same.' }),
    description: t.exposeString('description', { description: 'What it is about; may be empty.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    role: t.field({
      type: Role,
      description: 'What you may do in it.',
      resolve: ({ id }, _args, { viewer }) => viewer?.roles.get(id) ?? 'VIEWER',
    }),
    members: t.relatedConnection('memberships', {
      cursor: 'projectId_userId',
      totalCount: true,
      complexity: connectionCost,
      description: 'Who is in it, the first one first.',
      query: { orderBy: [{ createdAt: 'asc' }, { userId: 'asc' }] },
    }),
    apiKeys: t.relatedConnection('apiKeys', {
      cursor: 'id',
      totalCount: true,
      complexity: connectionCost,
      authScopes: ({ id }) => ({ owner: id }),
      description: 'API keys of its members that work for this project alone, the newest first. For its owners.',
      query: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] },
    }),
  }),
});

const ProjectFilter = builder.inputType('ProjectFilter', {
  description: 'Which projects. All that is given must hold.',
  fields: (t) => ({
    search: t.string({ description: 'Part of the name or the description.' }),
    role: t.field({ type: Role, description: 'Only those in which you have this role.' }),
  }),
});

function where(
  roles: ReadonlyMap<string, string> | undefined,
  filter: typeof ProjectFilter.$inferInput | null | undefined,
): Prisma.ProjectWhereInput {
  const search = filter?.search?.trim();
  const ids = [...(roles ?? [])].filter(([, role]) => filter?.role == null || role === filter.role).map(([id]) => id);
  return { id: { in: ids }, ...(search && { OR: [{ name: { contains: search } }, { description: { contains: search } }] }) };
}

builder.queryField('projects', (t) =>
  t.prismaConnection({
    type: Project,
    cursor: 'id',
    description: 'The projects that you are a member of, the oldest first.',
    complexity: connectionCost,
    args: { filter: t.arg({ type: ProjectFilter, description: 'Which projects.' }) },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.project.count({ where: where(viewer?.roles, filter) }),
    resolve: (query, _root, { filter }, { studio, viewer }) =>
      studio.prisma.project.findMany({ ...query, where: where(viewer?.roles, filter), orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] }),
  }),
);
