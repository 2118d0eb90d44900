import { requireScope, type Viewer } from '@anneal/core';
import { ApiKey, ApiKeyScope } from './api-key.ts';
import { builder } from './builder.ts';
import { Membership } from './membership.ts';
import { connectionCost } from './page.ts';
import { selecting } from './selection.ts';
import { Session } from './session.ts';
import { User } from './user.ts';

const newestFirst = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];

const ViewerRef = builder.objectRef<Viewer>('Viewer').implement({
  description: 'Who asks, and what is theirs.',
  fields: (t) => ({
    user: t.prismaField({
      type: User,
      description: 'Who.',
      resolve: (query, { userId }, _args, { studio }) =>
        studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id: userId } }),
    }),
    scopes: t.field({
      type: [ApiKeyScope],
      description: 'What this request may be used for: all of it, unless an API key is used.',
      resolve: ({ scopes }) => [...scopes],
    }),
    projects: t.prismaField({
      type: [Membership],
      description: 'The projects that can be seen, with the role in each, the oldest membership first.',
      resolve: (query, { userId, roles }, _args, { studio }) =>
        studio.prisma.membership.findMany({
          ...query,
          where: { userId, projectId: { in: [...roles.keys()] } },
          orderBy: [{ createdAt: 'asc' }, { projectId: 'asc' }],
        }),
    }),
    sessions: t.prismaConnection({
      type: Session,
      cursor: 'id',
      authScopes: { person: true },
      complexity: connectionCost,
      description: 'Your log-ins, those that ended of late too, the newest first. Not for API keys.',
      totalCount: ({ userId }, _args, { studio }) => studio.prisma.session.count({ where: { userId } }),
      resolve: (query, { userId }, _args, { studio }) =>
        studio.prisma.session.findMany({ ...query, where: { userId }, orderBy: newestFirst }),
    }),
    apiKeys: t.prismaConnection({
      type: ApiKey,
      cursor: 'id',
      authScopes: { person: true },
      complexity: connectionCost,
      description: 'Your API keys, revoked ones too, the newest first. Not for API keys themselves.',
      totalCount: ({ userId }, _args, { studio }) => studio.prisma.apiKey.count({ where: { userId } }),
      resolve: (query, { userId }, _args, { studio }) =>
        studio.prisma.apiKey.findMany({ ...query, where: { userId }, orderBy: newestFirst }),
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerRef,
    nullable: true,
    skipTypeScopes: true,
    description: 'Who asks; null for those who have not logged in.',
    resolve: (_root, _args, { viewer }) => {
      if (viewer) requireScope(viewer, 'read');
      return viewer;
    },
  }),
);
