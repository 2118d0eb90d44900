import { visibleTo, type Viewer } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { ageOrName, byAgeOrName, inProject } from './named-list.ts';
import { OrderDirection } from './order.ts';
import { connectionCost } from './page.ts';

export const Experiment = builder.prismaNode('Experiment', {
  description: 'Runs that belong together.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; no two experiments of a project have the same.' }),
    description: t.exposeString('description', { description: 'What it is about; may be empty.' }),
    project: t.relation('project', { description: 'The project that it belongs to.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    runs: t.relatedConnection('runs', {
      cursor: 'id',
      totalCount: true,
      complexity: connectionCost,
      description: 'Its runs, the newest first.',
      query: { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] },
    }),
  }),
});

const ExperimentFilter = builder.inputType('ExperimentFilter', {
  description: 'Which experiments. All that is given must hold.',
  fields: (t) => ({
    search: t.string({ description: 'Part of the name or the description, in large or small letters.' }),
    projectId: t.id({ description: 'In this project.' }),
  }),
});

const ExperimentOrderField = builder.enumType('ExperimentOrderField', {
  description: 'What experiments can be ordered by.',
  values: ageOrName,
});

const ExperimentOrder = builder.inputType('ExperimentOrder', {
  description: 'The order of experiments.',
  fields: (t) => ({
    field: t.field({ type: ExperimentOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
});

type Filter = typeof ExperimentFilter.$inferInput;

function where(viewer: Viewer | null, filter: Filter | null | undefined): Prisma.ExperimentWhereInput {
  const search = filter?.search?.trim().toLowerCase();
  return {
    ...inProject(viewer, filter?.projectId),
    ...(search && { searchText: { contains: search } }),
  };
}

builder.queryField('experiments', (t) =>
  t.prismaConnection({
    type: Experiment,
    cursor: 'id',
    description: 'All experiments, the newest first unless ordered otherwise.',
    complexity: connectionCost,
    args: {
      filter: t.arg({ type: ExperimentFilter, description: 'Which experiments.' }),
      orderBy: t.arg({ type: ExperimentOrder, description: 'In which order.' }),
    },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.experiment.count({ where: where(viewer, filter) }),
    resolve: (query, _root, args, { studio, viewer }) =>
      studio.prisma.experiment.findMany({ ...query, where: where(viewer, args.filter), orderBy: byAgeOrName(args.orderBy) }),
  }),
);
