import { visibleTo, type Viewer } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { optionalId } from './global-id.ts';
import { OrderDirection, sortOrder } from './order.ts';
import { connectionCost } from './page.ts';
import { RunState } from './run-state.ts';
import { Run } from './run.ts';

const RunFilter = builder.inputType('RunFilter', {
  description: 'Which runs. All that is given must hold.',
  fields: (t) => ({
    search: t.string({ description: 'Part of the name or the notes, in large or small letters.' }),
    states: t.field({ type: [RunState], description: 'In one of these states. An empty list: in any.' }),
    projectId: t.id({ description: 'In this project.' }),
    experimentId: t.id({ description: 'In this experiment.' }),
    tags: t.stringList({ description: 'With all of these tags.' }),
    datasetVersionId: t.id({ description: 'Trained on this version of a dataset.' }),
    baseModelId: t.id({ description: 'Started from this registered base model.' }),
    parentId: t.id({ description: 'Cloned from this run.' }),
    createdById: t.id({ description: 'Asked for by this user.' }),
    createdFrom: t.field({ type: 'DateTime', description: 'Asked for at this time or later.' }),
    createdTo: t.field({ type: 'DateTime', description: 'Asked for before this time.' }),
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

function where(viewer: Viewer | null, filter: Filter | null | undefined): Prisma.RunWhereInput {
  const search = filter?.search?.trim().toLowerCase();
  return {
    AND: [visibleTo(viewer), { projectId: optionalId('Project', filter?.projectId) }, ...(filter?.tags ?? []).map(withTag)],
    ...(search && { searchText: { contains: search } }),
    ...(filter?.states?.length && { state: { in: filter.states } }),
    experimentId: optionalId('Experiment', filter?.experimentId),
    datasetVersionId: optionalId('DatasetVersion', filter?.datasetVersionId),
    baseModelId: optionalId('BaseModel', filter?.baseModelId),
    parentId: optionalId('Run', filter?.parentId),
    createdById: optionalId('User', filter?.createdById),
    createdAt: { gte: filter?.createdFrom ?? undefined, lt: filter?.createdTo ?? undefined },
  };
}

const withTag = (tag: string): Prisma.RunWhereInput => ({ tags: { some: { name: tag.trim() } } });

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
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.run.count({ where: where(viewer, filter) }),
    resolve: (query, _root, args, { studio, viewer }) =>
      studio.prisma.run.findMany({ ...query, where: where(viewer, args.filter), orderBy: orderBy(args.orderBy) }),
  }),
);
