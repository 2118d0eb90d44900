import { Conflict, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { selecting } from './selection.ts';

const reasons = ['LOGGED_OUT', 'REVOKED', 'PASSWORD_CHANGED', 'TOKEN_REUSED'] as const;

const SessionEnd = builder.enumType('SessionEnd', {
  description: 'Why a session has ended.',
  values: {
    LOGGED_OUT: { description: 'Its owner logged out.' },
    REVOKED: { description: 'Its owner ended it from elsewhere, or an administrator did.' },
    PASSWORD_CHANGED: { description: 'The password was changed in another session.' },
    TOKEN_REUSED: { description: 'A refresh token came back that had been used: a copy of it was about.' },
  } as const,
});

export const Session = builder.prismaNode('Session', {
  description: 'One log-in, over all the times that it was renewed.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, userId: viewer?.userId ?? '' }),
  authScopes: ({ userId }) => ({ self: userId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, userId: true },
  fields: (t) => ({
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was opened.' }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', description: 'When it was renewed last.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends unless it is renewed.' }),
    endedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was ended; null: it was not.' }),
    endedBecause: t.field({
      type: SessionEnd,
      nullable: true,
      select: { revokedReason: true },
      resolve: ({ revokedReason }) => reasons.find((reason) => reason === revokedReason) ?? null,
      description: 'Why it was ended; null when it was not.',
    }),
    userAgent: t.exposeString('userAgent', { description: 'What the program called itself that opened it; may be empty.' }),
    address: t.exposeString('address', { description: 'IP address that it was opened from.' }),
    isCurrent: t.boolean({
      resolve: ({ id }, _args, { viewer }) => viewer?.credential.kind === 'session' && viewer.credential.sessionId === id,
      description: 'Whether this request belongs to it.',
    }),
  }),
});

builder.mutationField('logOut', (t) =>
  t.prismaField({
    type: Session,
    description: 'Ends the session that this request belongs to. Its tokens stop working at once, its sockets are closed.',
    errors: {
      types: [Conflict, NotFound],
      union: { description: 'The session that ended, or why none did.' },
      result: { description: 'The session has ended.' },
      dataField: { description: 'The session.' },
    },
    resolve: async (query, _root, _args, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.sessions.logOut(viewer);
      return studio.prisma.session.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('revokeSession', (t) =>
  t.prismaFieldWithInput({
    type: Session,
    description: 'Ends any session of your own. Its tokens stop working at once, its sockets are closed.',
    errors: {
      types: [NotFound],
      union: { description: 'The session that ended, or why none did.' },
      result: { description: 'The session has ended.' },
      dataField: { description: 'The session.' },
    },
    typeOptions: { description: 'The session to end.' },
    argOptions: { description: 'The session to end.' },
    input: { sessionId: t.input.id({ required: true, description: 'The session to end.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.sessions.revoke(viewer, databaseId('Session', input.sessionId));
      return studio.prisma.session.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
