import { isScope, type Viewer } from '@anneal/core';
import type { ApiKeyUsage, Prisma } from '@anneal/prisma';
import { GraphQLError } from 'graphql';
import { builder } from './builder.ts';

/** Most days of usage in one answer. */
const mostDays = 366;

export const ApiKeyScope = builder.enumType('ApiKeyScope', {
  description: 'What an API key may be used for.',
  values: {
    READ: { value: 'read', description: 'Queries and subscriptions.' },
    WRITE: { value: 'write', description: 'Changing datasets, models and experiments.' },
    TRAIN: { value: 'train', description: 'Starting and steering runs.' },
    EXECUTE: { value: 'execute', description: 'Generating text with models.' },
    LOG: { value: 'log', description: 'Logging metrics.' },
  } as const,
});

const ApiKeyUsageRef = builder.objectRef<ApiKeyUsage>('ApiKeyUsage').implement({
  description: 'What a key was used for on one day.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'The day in UTC: `2025-01-31`.' }),
    operation: t.exposeString('operation', { description: 'Name of the root field, or of the REST address.' }),
    count: t.exposeInt('count', { description: 'How many calls.' }),
    errors: t.exposeInt('errors', { description: 'How many of them ended with an error.' }),
    milliseconds: t.exposeFloat('milliseconds', { description: 'How long all of them took together. Milliseconds.' }),
  }),
});

export const ApiKey = builder.prismaNode('ApiKey', {
  description: 'A secret for programs, which act for its user and may do no more than that user.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, OR: mine(viewer) }),
  authScopes: ({ userId, projectId }) => ({ $any: { self: userId, ...(projectId !== null && { owner: projectId }) } }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, userId: true, projectId: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is for.' }),
    prefix: t.exposeString('prefix', { description: 'The first characters of the secret, to recognise it by.' }),
    scopes: t.field({
      type: [ApiKeyScope],
      select: { scopes: true },
      resolve: ({ scopes }) => (Array.isArray(scopes) ? scopes.filter(isScope) : []),
      description: 'What it may be used for.',
    }),
    user: t.relation('user', { description: 'Whom it acts for.' }),
    project: t.relation('project', { nullable: true, description: 'The only project that it works for; null: every project of its user.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stops working; null: it does not by itself.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was used last, to the second; null: never.',
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked; null: it was not.' }),
    usage: t.field({
      type: [ApiKeyUsageRef],
      args: { days: t.arg.int({ defaultValue: 30, description: `How many days, today among them; 1 to ${mostDays}.` }) },
      complexity: ({ days }) => ({ field: 1 + (days ?? 30), multiplier: 1 }),
      description: 'What it was used for, by day and operation, the newest day first.',
      resolve: ({ id }, { days }, { studio }) =>
        studio.prisma.apiKeyUsage.findMany({
          where: { apiKeyId: id, day: { gte: firstDay(days ?? 30) } },
          orderBy: [{ day: 'desc' }, { operation: 'asc' }],
        }),
    }),
  }),
});

/** One's own keys, and those for a project that one owns. */
function mine(viewer: Viewer | null): Prisma.ApiKeyWhereInput[] {
  const owned = [...(viewer?.roles ?? [])].filter(([, role]) => role === 'OWNER').map(([projectId]) => projectId);
  const own = viewer && viewer.credential.kind !== 'apiKey' ? [{ userId: viewer.userId }] : [];
  return [...own, { projectId: { in: owned } }];
}

function firstDay(days: number): string {
  if (days < 1 || days > mostDays) {
    throw new GraphQLError(`"days" is ${days}; 1 to ${mostDays} can be read.`, { extensions: { code: 'BAD_USER_INPUT' } });
  }
  return new Date(Date.now() - (days - 1) * 24 * 60 * 60_000).toISOString().slice(0, 10);
}
