import { Conflict, Invalid } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { OrderDirection, sortOrder } from './order.ts';
import { connectionCost } from './page.ts';
import { selecting } from './selection.ts';

const Experiment = builder.prismaNode('Experiment', {
  description: 'Runs that belong together.',
  id: { field: 'id', description: 'Global id.' },
  // What is gone is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; no two experiments have the same.' }),
    description: t.exposeString('description', { description: 'What it is about; may be empty.' }),
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
    search: t.string({ description: 'Part of the name or the description.' }),
  }),
});

const ExperimentOrderField = builder.enumType('ExperimentOrderField', {
  description: 'What experiments can be ordered by.',
  values: {
    CREATED_AT: { description: 'When it was made.' },
    NAME: { description: 'Its name.' },
  } as const,
});

const ExperimentOrder = builder.inputType('ExperimentOrder', {
  description: 'The order of experiments.',
  fields: (t) => ({
    field: t.field({ type: ExperimentOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
});

type Filter = typeof ExperimentFilter.$inferInput;
type Order = typeof ExperimentOrder.$inferInput;

function where(filter: Filter | null | undefined): Prisma.ExperimentWhereInput {
  const search = filter?.search?.trim();
  return search ? { OR: [{ name: { contains: search } }, { description: { contains: search } }] } : {};
}

/** The id at the end makes the order total, as cursors need it. */
function orderBy(order: Order | null | undefined): Prisma.ExperimentOrderByWithRelationInput[] {
  const direction = sortOrder[order?.direction ?? 'DESC'];
  return [order?.field === 'NAME' ? { name: direction } : { createdAt: direction }, { id: direction }];
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
    totalCount: (_root, { filter }, { studio }) => studio.prisma.experiment.count({ where: where(filter) }),
    resolve: (query, _root, args, { studio }) =>
      studio.prisma.experiment.findMany({ ...query, where: where(args.filter), orderBy: orderBy(args.orderBy) }),
  }),
);

builder.mutationField('createExperiment', (t) =>
  t.prismaFieldWithInput({
    type: Experiment,
    description: 'Makes an experiment to put runs into.',
    errors: {
      types: [Invalid, Conflict],
      union: { description: 'The new experiment, or why there is none.' },
      result: { description: 'The experiment was made.' },
      dataField: { description: 'The new experiment.' },
    },
    typeOptions: { description: 'The experiment to make.' },
    argOptions: { description: 'The experiment to make.' },
    input: {
      name: t.input.string({ required: true, description: '1 to 100 characters; no other experiment may have it.' }),
      description: t.input.string({ description: 'What it is about.' }),
    },
    resolve: async (query, _root, { input }, { studio }) => {
      const { id } = await studio.experiments.create({ name: input.name, description: input.description ?? undefined });
      return studio.prisma.experiment.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
