import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { OrderDirection, sortOrder } from './order.ts';
import { connectionCost } from './page.ts';
import { RunState } from './run-state.ts';
import { Run } from './run.ts';

const RunFilter = builder.inputType('RunFilter', {
  description: 'Which runs. All that is given must hold.',
  fields: (t) => ({
    search: t.string({ description: 'Part of the name.' }),
    states: t.field({ type: [RunState], description: 'In one of these states. An empty list: in any.' }),
    experimentId: t.id({ description: 'In this experiment.' }),
  }),
});

const RunOrderField = builder.enumType('RunOrderField', {
  description: 'What runs can be ordered by.',
  values: {
    CREATED_AT: { description: 'When it was asked for.' },
    NAME: { description: 'Its name.' },
    STATE: { description: 'Where it stands.' },
    STARTED_AT: { description: 'When training began.' },
    FINISHED_AT: { description: 'When it ended.' },
  } as const,
});

const RunOrder = builder.inputType('RunOrder', {
  description: 'The order of runs.',
  fields: (t) => ({
    field: t.field({ type: RunOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
});

type Filter = typeof RunFilter.$inferInput;
type Order = typeof RunOrder.$inferInput;

function where(filter: Filter | null | undefined): Prisma.RunWhereInput {
  const search = filter?.search?.trim();
  return {
    ...(search && { name: { contains: search } }),
    ...(filter?.states?.length && { state: { in: filter.states } }),
    ...(filter?.experimentId && { experimentId: databaseId('Experiment', filter.experimentId) }),
  };
}

/** The id at the end makes the order total, as cursors need it. */
function orderBy(order: Order | null | undefined): Prisma.RunOrderByWithRelationInput[] {
  const direction = sortOrder[order?.direction ?? 'DESC'];
  const columns = {
    CREATED_AT: { createdAt: direction },
    NAME: { name: direction },
    STATE: { state: direction },
    STARTED_AT: { startedAt: direction },
    FINISHED_AT: { finishedAt: direction },
  } as const;
  return [columns[order?.field ?? 'CREATED_AT'], { id: direction }];
}

builder.queryField('runs', (t) =>
  t.prismaConnection({
    type: Run,
    cursor: 'id',
    description: 'All runs, the newest first unless ordered otherwise.',
    complexity: connectionCost,
    args: {
      filter: t.arg({ type: RunFilter, description: 'Which runs.' }),
      orderBy: t.arg({ type: RunOrder, description: 'In which order.' }),
    },
    totalCount: (_root, { filter }, { studio }) => studio.prisma.run.count({ where: where(filter) }),
    resolve: (query, _root, args, { studio }) =>
      studio.prisma.run.findMany({ ...query, where: where(args.filter), orderBy: orderBy(args.orderBy) }),
  }),
);
