import { batchColumns, visibleTo, type VariableColumn, type Viewer } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { Execution } from './execution.ts';
import { databaseId, optionalId } from './global-id.ts';
import { connectionCost } from './page.ts';
import { authors } from './prompt-author.ts';
import { User } from './user.ts';

const ExecutionBatchState = builder.enumType('ExecutionBatchState', {
  description: 'Where a batch stands.',
  values: {
    RUNNING: { description: 'Its rows are being asked, or wait for those of other batches.' },
    COMPLETED: { description: 'All rows have ended, in whatever way.' },
    CANCELLED: { description: 'Somebody ended it.' },
    FAILED: { description: 'It could not go on; `errorMessage` says why.' },
  } as const,
});

const VariableColumnRef = builder.objectRef<VariableColumn>('VariableColumn').implement({
  description: 'Where the value of a variable comes from.',
  fields: (t) => ({
    variable: t.exposeString('variable', { description: 'Name of the variable.' }),
    column: t.exposeString('column', { description: 'Name of the column; `messages.0.content` for what lies inside of one.' }),
  }),
});

export const ExecutionBatch = builder.prismaNode('ExecutionBatch', {
  description: 'A prompt that is asked for each row of a dataset.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true, createdById: true },
  fields: (t) => ({
    state: t.expose('state', { type: ExecutionBatchState, description: 'Where it stands.' }),
    project: t.relation('project', { description: 'The project that it belongs to.' }),
    promptVersion: t.relation('promptVersion', { nullable: true, description: 'The version that is asked; null when it was deleted.' }),
    datasetVersion: t.relation('datasetVersion', {
      nullable: true,
      description: 'The version of the dataset whose rows are asked for; null when it was deleted.',
    }),
    model: t.exposeString('model', { description: 'The model, `plugin/model`.' }),
    columns: t.field({
      type: [VariableColumnRef],
      select: { columns: true },
      description: 'Which column each variable is taken from.',
      resolve: ({ columns }) => Object.entries(batchColumns(columns)).map(([variable, column]) => ({ variable, column })),
    }),
    concurrency: t.exposeInt('concurrency', { description: 'Rows that are asked at a time.' }),
    total: t.exposeInt('total', { description: 'Rows in all.' }),
    succeeded: t.exposeInt('succeeded', { description: 'Rows that have an answer.' }),
    failed: t.exposeInt('failed', { description: 'Rows that have ended without one: failed, or cancelled.' }),
    errorMessage: t.exposeString('errorMessage', { nullable: true, description: 'Why it could not go on; null when it could.' }),
    createdBy: t.loadable({
      type: User,
      nullable: true,
      description: 'Who began it; null: somebody who was removed.',
      load: (ids: string[], { studio }) => authors(studio.prisma, ids),
      resolve: ({ createdById }) => createdById,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended, in whatever way; null before.' }),
    // Asked for by itself: within the query of several batches, all rows of all of them would be read for the first ones of each.
    executions: t.prismaConnection({
      type: Execution,
      cursor: 'id',
      complexity: connectionCost,
      description: 'Its executions so far, one a row, in the order of the rows.',
      totalCount: ({ id }, _args, { studio }) => studio.prisma.execution.count({ where: { batchId: id } }),
      resolve: (query, { id }, _args, { studio }) =>
        studio.prisma.execution.findMany({ ...query, where: { batchId: id }, orderBy: { batchRow: 'asc' } }),
    }),
  }),
});

builder.queryField('executionBatch', (t) =>
  t.prismaField({
    type: ExecutionBatch,
    nullable: true,
    description: 'One batch; null when there is none.',
    args: { id: t.arg.id({ required: true, description: 'Its global id.' }) },
    resolve: (query, _root, { id }, { studio, viewer }) =>
      studio.prisma.executionBatch.findUnique({ ...query, where: { id: databaseId('ExecutionBatch', id), ...visibleTo(viewer) } }),
  }),
);

const ExecutionBatchFilter = builder.inputType('ExecutionBatchFilter', {
  description: 'Which batches. All that is given must hold.',
  fields: (t) => ({
    projectId: t.id({ description: 'In this project.' }),
    versionId: t.id({ description: 'Of this version of a prompt.' }),
    datasetVersionId: t.id({ description: 'Over this version of a dataset.' }),
    states: t.field({ type: [ExecutionBatchState], description: 'In one of these states. An empty list: in any.' }),
  }),
});

type Filter = typeof ExecutionBatchFilter.$inferInput;

const where = (viewer: Viewer | null, filter: Filter | null | undefined): Prisma.ExecutionBatchWhereInput => ({
  AND: [visibleTo(viewer), { projectId: optionalId('Project', filter?.projectId) }],
  promptVersionId: optionalId('PromptVersion', filter?.versionId),
  datasetVersionId: optionalId('DatasetVersion', filter?.datasetVersionId),
  ...(filter?.states?.length && { state: { in: filter.states } }),
});

builder.queryField('executionBatches', (t) =>
  t.prismaConnection({
    type: ExecutionBatch,
    cursor: 'id',
    description: 'Batches, the newest first.',
    complexity: connectionCost,
    args: { filter: t.arg({ type: ExecutionBatchFilter, description: 'Which batches.' }) },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.executionBatch.count({ where: where(viewer, filter) }),
    resolve: (query, _root, { filter }, { studio, viewer }) =>
      studio.prisma.executionBatch.findMany({ ...query, where: where(viewer, filter), orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] }),
  }),
);
