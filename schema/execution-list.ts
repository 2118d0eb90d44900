import { checkSought, visibleTo, type Viewer } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { ExecutionState } from './execution-state.ts';
import { Execution } from './execution.ts';
import { optionalId } from './global-id.ts';
import { OrderDirection, sortOrder } from './order.ts';
import { connectionCost } from './page.ts';

const ExecutionFilter = builder.inputType('ExecutionFilter', {
  description: 'Which executions. All that is given must hold.',
  fields: (t) => ({
    projectId: t.id({ description: 'In this project.' }),
    promptId: t.id({ description: 'Of this prompt.' }),
    versionId: t.id({ description: 'Of this version of a prompt.' }),
    abTestId: t.id({ description: 'Made for this A/B test.' }),
    batchId: t.id({ description: 'Of this batch.' }),
    model: t.string({ description: 'Asked this model, `plugin/model`.' }),
    states: t.field({ type: [ExecutionState], description: 'In one of these states. An empty list: in any.' }),
    isCached: t.boolean({ description: 'Whether the answer came out of the output cache.' }),
    errorCode: t.string({ description: 'Failed with this code.' }),
    sessionId: t.string({ description: 'Of this session.' }),
    subjectId: t.string({ description: 'Made for this subject.' }),
    userId: t.id({ description: 'Asked by this user.' }),
    createdFrom: t.field({ type: 'DateTime', description: 'Asked at this time or later.' }),
    createdTo: t.field({ type: 'DateTime', description: 'Asked before this time.' }),
    costFrom: t.float({ description: 'Cost at least this, in USD.' }),
    costTo: t.float({ description: 'Cost at most this, in USD.' }),
  }),
});

const ExecutionOrderField = builder.enumType('ExecutionOrderField', {
  description: 'What executions can be ordered by.',
  values: {
    CREATED_AT: { description: 'When they were asked for.' },
    COST: { description: 'What they cost. Those whose cost is not known come last.' },
    MILLISECONDS: { description: 'How long they took. Those that have not ended come last.' },
    BATCH_ROW: { description: 'Their row in a batch. Those of none come last.' },
  } as const,
});

const ExecutionOrder = builder.inputType('ExecutionOrder', {
  description: 'The order of executions.',
  fields: (t) => ({
    field: t.field({ type: ExecutionOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
});

type Filter = typeof ExecutionFilter.$inferInput;
type Order = typeof ExecutionOrder.$inferInput;

function where(viewer: Viewer | null, filter: Filter | null | undefined): Prisma.ExecutionWhereInput {
  const { costFrom, costTo, createdFrom, createdTo, states, isCached } = filter ?? {};
  const { model, errorCode, sessionId, subjectId } = filter ?? {};
  checkSought({ model, errorCode, sessionId, subjectId });
  const hasCost = costFrom != null || costTo != null;
  return {
    AND: [visibleTo(viewer), { projectId: optionalId('Project', filter?.projectId) }],
    promptId: optionalId('Prompt', filter?.promptId),
    promptVersionId: optionalId('PromptVersion', filter?.versionId),
    abTestId: optionalId('AbTest', filter?.abTestId),
    batchId: optionalId('ExecutionBatch', filter?.batchId),
    model: model ?? undefined,
    ...(states?.length && { state: { in: states } }),
    ...(isCached != null && { isCached }),
    errorCode: errorCode ?? undefined,
    sessionId: sessionId ?? undefined,
    subjectId: subjectId ?? undefined,
    userId: optionalId('User', filter?.userId),
    createdAt: { gte: createdFrom ?? undefined, lt: createdTo ?? undefined },
    ...(hasCost && { costUsd: { gte: costFrom ?? undefined, lte: costTo ?? undefined } }),
  };
}

/** The id at the end makes the order total, as cursors need it. */
function orderBy(order: Order | null | undefined): Prisma.ExecutionOrderByWithRelationInput[] {
  const sort = sortOrder[order?.direction ?? 'DESC'];
  const nullsLast = { sort, nulls: 'last' } as const;
  const columns = {
    CREATED_AT: { createdAt: sort },
    COST: { costUsd: nullsLast },
    MILLISECONDS: { milliseconds: nullsLast },
    BATCH_ROW: { batchRow: nullsLast },
  } as const;
  return [columns[order?.field ?? 'CREATED_AT'], { id: sort }];
}

builder.queryField('executions', (t) =>
  t.prismaConnection({
    type: Execution,
    cursor: 'id',
    description: 'Executions, the newest first unless ordered otherwise.',
    complexity: connectionCost,
    args: {
      filter: t.arg({ type: ExecutionFilter, description: 'Which executions.' }),
      orderBy: t.arg({ type: ExecutionOrder, description: 'In which order.' }),
    },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.execution.count({ where: where(viewer, filter) }),
    resolve: (query, _root, args, { studio, viewer }) =>
      studio.prisma.execution.findMany({ ...query, where: where(viewer, args.filter), orderBy: orderBy(args.orderBy) }),
  }),
);
