import { visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { ageOrName, byAgeOrName, foundIn } from './named-list.ts';
import { OrderDirection } from './order.ts';
import { connectionCost } from './page.ts';
import { Project } from './project.ts';

export const Dataset = builder.prismaNode('Dataset', {
  description: 'Rows to train on, under one name, in versions.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; no two datasets of a project have the same.' }),
    description: t.exposeString('description', { description: 'What it is about; may be empty.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    project: t.relation('project', { type: Project, description: 'The project that it belongs to.' }),
    versions: t.relatedConnection('versions', {
      cursor: 'id',
      totalCount: true,
      complexity: connectionCost,
      description: 'Its versions, the newest first.',
      query: { orderBy: { number: 'desc' } },
    }),
  }),
});

const DatasetFilter = builder.inputType('DatasetFilter', {
  description: 'Which datasets. All that is given must hold.',
  fields: (t) => ({
    search: t.string({ description: 'Part of the name or the description.' }),
    projectId: t.id({ description: 'In this project.' }),
  }),
});

const DatasetOrderField = builder.enumType('DatasetOrderField', {
  description: 'What datasets can be ordered by.',
  values: ageOrName,
});

const DatasetOrder = builder.inputType('DatasetOrder', {
  description: 'The order of datasets.',
  fields: (t) => ({
    field: t.field({ type: DatasetOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
});

builder.queryField('datasets', (t) =>
  t.prismaConnection({
    type: Dataset,
    cursor: 'id',
    description: 'All datasets, the newest first unless ordered otherwise.',
    complexity: connectionCost,
    args: {
      filter: t.arg({ type: DatasetFilter, description: 'Which datasets.' }),
      orderBy: t.arg({ type: DatasetOrder, description: 'In which order.' }),
    },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.dataset.count({ where: foundIn(viewer, filter) }),
    resolve: (query, _root, args, { studio, viewer }) =>
      studio.prisma.dataset.findMany({ ...query, where: foundIn(viewer, args.filter), orderBy: byAgeOrName(args.orderBy) }),
  }),
);
