import { builder } from './builder.ts';

export const User = builder.prismaNode('User', {
  description: 'Somebody with an account; or the one user of a studio without accounts.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  // Administrators see everybody, the others themselves and those who are in a project with them.
  findUnique: (id, { viewer }) => ({
    id,
    ...(!viewer?.isAdministrator && {
      OR: [{ id: viewer?.userId ?? '' }, { memberships: { some: { projectId: { in: [...(viewer?.roles.keys() ?? [])] } } } }],
    }),
  }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What they are called.' }),
    email: t.exposeString('email', { nullable: true, description: 'E-mail address, in lower case; null for the local user.' }),
    isAdministrator: t.exposeBoolean('isAdministrator', { description: 'Whether they manage the accounts of the studio.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
    deactivatedAt: t.expose('deactivatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when the account is locked; null: it is not.',
    }),
  }),
});
