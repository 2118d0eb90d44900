import { builder } from './builder.ts';
import { Role } from './role.ts';

export const Membership = builder.prismaObject('Membership', {
  description: 'Somebody in a project.',
  authScopes: ({ projectId }) => ({ member: projectId }),
  select: { projectId: true, userId: true },
  fields: (t) => ({
    user: t.relation('user', { description: 'Who.' }),
    project: t.relation('project', { description: 'Where.' }),
    role: t.expose('role', { type: Role, description: 'What they may do there.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when.' }),
  }),
});
