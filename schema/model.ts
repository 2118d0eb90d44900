import { visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { ModelVersion } from './model-version.ts';
import { ageOrName, byAgeOrName, foundIn } from './named-list.ts';
import { OrderDirection } from './order.ts';
import { connectionCost } from './page.ts';

const ModelAliasRef = builder.prismaObject('ModelAlias', {
  description: 'A name that points to one version of a model, and to another one tomorrow: `champion`, `staging`.',
  select: { modelId: true, name: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 40 of `a-z`, `0-9` and `-`.' }),
    version: t.relation('version', { type: ModelVersion, description: 'What it points to now.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'Since when.' }),
  }),
});

const AliasChangeRef = builder.prismaObject('AliasChange', {
  description: 'A change of what an alias points to.',
  select: { id: true },
  fields: (t) => ({
    alias: t.exposeString('alias', { description: 'The name of the alias.' }),
    fromNumber: t.exposeInt('fromNumber', {
      nullable: true,
      description: 'Number of the version that it pointed to; null: it was not there.',
    }),
    toNumber: t.exposeInt('toNumber', {
      nullable: true,
      description: 'Number of the version that it points to since then; null: it was removed.',
    }),
    isRollBack: t.exposeBoolean('isRollBack', { description: 'Whether it went back to what it had pointed to before.' }),
    time: t.expose('time', { type: 'DateTime', description: 'When.' }),
  }),
});

export const Model = builder.prismaNode('Model', {
  description: 'A name under which versions of a tuned model are kept.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; no two models of a project have the same.' }),
    description: t.exposeString('description', { description: 'What it is about; may be empty.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    project: t.relation('project', { description: 'The project that it belongs to.' }),
    versions: t.relatedConnection('versions', {
      cursor: 'id',
      totalCount: true,
      complexity: connectionCost,
      description: 'Its versions, the newest first.',
      query: { orderBy: { number: 'desc' } },
    }),
    aliases: t.relation('aliases', {
      type: ModelAliasRef,
      query: { orderBy: { name: 'asc' }, take: 100 },
      description: 'What its names point to, by name; the first 100.',
    }),
    aliasChanges: t.relatedConnection('aliasChanges', {
      type: AliasChangeRef,
      cursor: 'id',
      totalCount: true,
      complexity: connectionCost,
      args: { alias: t.arg.string({ description: 'Only of this one. Left out: of all.' }) },
      description: 'How its aliases were moved, the newest change first.',
      query: ({ alias }) => ({ where: alias == null ? {} : { alias }, orderBy: [{ time: 'desc' }, { id: 'desc' }] }),
    }),
  }),
});

const ModelFilter = builder.inputType('ModelFilter', {
  description: 'Which models. All that is given must hold.',
  fields: (t) => ({
    search: t.string({ description: 'Part of the name or the description.' }),
    projectId: t.id({ description: 'In this project.' }),
  }),
});

const ModelOrderField = builder.enumType('ModelOrderField', {
  description: 'What models can be ordered by.',
  values: ageOrName,
});

const ModelOrder = builder.inputType('ModelOrder', {
  description: 'The order of models.',
  fields: (t) => ({
    field: t.field({ type: ModelOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
});

builder.queryField('models', (t) =>
  t.prismaConnection({
    type: Model,
    cursor: 'id',
    description: 'All tuned models, the newest first unless ordered otherwise. For what training starts from see `baseModels`.',
    complexity: connectionCost,
    args: {
      filter: t.arg({ type: ModelFilter, description: 'Which models.' }),
      orderBy: t.arg({ type: ModelOrder, description: 'In which order.' }),
    },
    totalCount: (_root, { filter }, { studio, viewer }) => studio.prisma.model.count({ where: foundIn(viewer, filter) }),
    resolve: (query, _root, args, { studio, viewer }) =>
      studio.prisma.model.findMany({ ...query, where: foundIn(viewer, args.filter), orderBy: byAgeOrName(args.orderBy) }),
  }),
);
