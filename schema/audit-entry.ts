import { requireScope, type Viewer } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { encodeGlobalID } from '@pothos/plugin-relay';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { connectionCost } from './page.ts';

/** Administrators see all of it, owners what happened in their projects, and everybody what they did themselves. */
function visible(viewer: Viewer | null): Prisma.AuditEntryWhereInput {
  if (!viewer) return { id: '' };
  if (viewer.isAdministrator) return {};
  const owned = [...viewer.roles].filter(([, role]) => role === 'OWNER').map(([projectId]) => projectId);
  const ownActs = viewer.credential.kind === 'apiKey' ? [] : [{ userId: viewer.userId }];
  return { OR: [{ projectId: { in: owned } }, ...ownActs] };
}

const AuditEntry = builder.prismaNode('AuditEntry', {
  description: 'Who changed what. Never changed itself.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, AND: visible(viewer) }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    time: t.expose('time', { type: 'DateTime', description: 'When.' }),
    action: t.exposeString('action', { description: 'Name of the mutation, or of what happened: `startRun`, `logIn`, `logInFailed`.' }),
    user: t.relation('user', { nullable: true, description: 'Who; null: nobody known, or somebody who was removed.' }),
    apiKeyId: t.id({
      nullable: true,
      select: { apiKeyId: true },
      resolve: ({ apiKeyId }) => (apiKeyId === null ? null : encodeGlobalID('ApiKey', apiKeyId)),
      description: 'Global id of the API key that it was done with; null: with none.',
    }),
    projectId: t.id({
      nullable: true,
      select: { projectId: true },
      resolve: ({ projectId }) => (projectId === null ? null : encodeGlobalID('Project', projectId)),
      description: 'Global id of the project; null: it was about the studio as a whole, or about a project that was deleted.',
    }),
    subjectType: t.exposeString('subjectType', { description: 'Type of what it was done to: `Run`. May be empty.' }),
    subjectId: t.id({
      nullable: true,
      select: { subjectType: true, subjectId: true },
      resolve: ({ subjectType, subjectId }) => (subjectId === '' ? null : encodeGlobalID(subjectType, subjectId)),
      description: 'Global id of what it was done to, which may be gone.',
    }),
    details: t.expose('details', { type: 'JSON', description: 'What was asked for, without secrets.' }),
    address: t.exposeString('address', { description: 'IP address that it was asked from; empty: it happened by itself.' }),
  }),
});

const AuditFilter = builder.inputType('AuditFilter', {
  description: 'Which entries. All that is given must hold.',
  fields: (t) => ({
    projectId: t.id({ description: 'In this project.' }),
    userId: t.id({ description: 'By this user.' }),
    apiKeyId: t.id({ description: 'With this API key.' }),
    actions: t.stringList({ description: 'One of these: `startRun`, `logIn`.' }),
    from: t.field({ type: 'DateTime', description: 'At this time or later.' }),
    to: t.field({ type: 'DateTime', description: 'Before this time.' }),
  }),
});

function where(viewer: Viewer | null, filter: typeof AuditFilter.$inferInput | null | undefined): Prisma.AuditEntryWhereInput {
  const { projectId, userId, apiKeyId, actions, from, to } = filter ?? {};
  return {
    AND: [visible(viewer)],
    ...(projectId != null && { projectId: databaseId('Project', projectId) }),
    ...(userId != null && { userId: databaseId('User', userId) }),
    ...(apiKeyId != null && { apiKeyId: databaseId('ApiKey', apiKeyId) }),
    ...(actions && { action: { in: actions } }),
    ...((from ?? to) && { time: { ...(from && { gte: from }), ...(to && { lt: to }) } }),
  };
}

builder.queryField('auditEntries', (t) =>
  t.prismaConnection({
    type: AuditEntry,
    cursor: 'id',
    description:
      'Who changed what, the newest first. Owners of a project see what happened there, administrators of the studio everything, everybody what they did themselves.',
    complexity: connectionCost,
    args: { filter: t.arg({ type: AuditFilter, description: 'Which entries.' }) },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.auditEntry.count({ where: where(viewer, filter) }),
    resolve: (query, _root, { filter }, { studio, viewer }) => {
      requireScope(viewer, 'read');
      return studio.prisma.auditEntry.findMany({ ...query, where: where(viewer, filter), orderBy: [{ time: 'desc' }, { id: 'desc' }] });
    },
  }),
);
