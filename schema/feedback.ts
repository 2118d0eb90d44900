import { visibleTo, type Viewer } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { Execution } from './execution.ts';
import { optionalId } from './global-id.ts';
import { connectionCost } from './page.ts';

export const Feedback = builder.prismaNode('Feedback', {
  description: 'What somebody thought of an execution.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, execution: visibleTo(viewer) }),
  authScopes: ({ execution }) => ({ member: execution.projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, execution: { select: { projectId: true } } },
  fields: (t) => ({
    execution: t.relation('execution', { type: Execution, description: 'What was rated.' }),
    rating: t.exposeInt('rating', { description: '1 (bad) to 5 (good).' }),
    text: t.exposeString('text', { description: 'Why; may be empty.' }),
    user: t.relation('user', { nullable: true, description: 'Who; null: somebody who was removed.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was given for the first time.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was given for the last time.' }),
  }),
});

builder.prismaObjectFields(Execution, (t) => ({
  feedback: t.relatedConnection('feedback', {
    type: Feedback,
    cursor: 'id',
    totalCount: true,
    complexity: connectionCost,
    description: 'What people thought of it, the newest first; one of each person.',
    query: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] },
  }),
}));

const FeedbackFilter = builder.inputType('FeedbackFilter', {
  description: 'Which feedback. All that is given must hold.',
  fields: (t) => ({
    projectId: t.id({ description: 'In this project.' }),
    promptId: t.id({ description: 'On executions of this prompt.' }),
    promptVersionId: t.id({ description: 'On executions of this version.' }),
    userId: t.id({ description: 'By this user.' }),
    ratings: t.intList({ description: 'With one of these ratings, 1 to 5. An empty list: with any.' }),
    hasText: t.boolean({ description: 'Only with a text, or only without.' }),
    from: t.field({ type: 'DateTime', description: 'First given at this time or later.' }),
    to: t.field({ type: 'DateTime', description: 'First given before this time.' }),
  }),
});

function where(viewer: Viewer | null, filter: typeof FeedbackFilter.$inferInput | null | undefined): Prisma.FeedbackWhereInput {
  return {
    execution: {
      AND: [visibleTo(viewer), { projectId: optionalId('Project', filter?.projectId) }],
      promptId: optionalId('Prompt', filter?.promptId),
      promptVersionId: optionalId('PromptVersion', filter?.promptVersionId),
    },
    userId: optionalId('User', filter?.userId),
    ...(filter?.ratings?.length && { rating: { in: filter.ratings } }),
    ...(typeof filter?.hasText === 'boolean' && { text: filter.hasText ? { not: '' } : '' }),
    createdAt: { gte: filter?.from ?? undefined, lt: filter?.to ?? undefined },
  };
}

builder.queryField('feedback', (t) =>
  t.prismaConnection({
    type: Feedback,
    cursor: 'id',
    description: 'What people thought of executions, the newest first.',
    complexity: connectionCost,
    args: { filter: t.arg({ type: FeedbackFilter, description: 'Which feedback.' }) },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.feedback.count({ where: where(viewer, filter) }),
    resolve: (query, _root, { filter }, { studio, viewer }) =>
      studio.prisma.feedback.findMany({ ...query, where: where(viewer, filter), orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] }),
  }),
);
