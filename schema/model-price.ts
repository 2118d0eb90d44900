import { Invalid, NotFound, requireViewer, visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { visibleProject } from './project-argument.ts';
import { selecting } from './selection.ts';

const modelHelp = '`plugin/model`, or `plugin/*` for every model of a plugin that has no price of its own.';

const ModelPrice = builder.prismaObject('ModelPrice', {
  description: 'What a language model costs, as a project has set it. It goes before the price that the plugin knows.',
  select: { projectId: true },
  authScopes: ({ projectId }) => ({ member: projectId }),
  fields: (t) => ({
    model: t.exposeString('model', { description: modelHelp }),
    inputPerMillion: t.exposeFloat('inputPerMillion', { description: 'USD for a million tokens of questions.' }),
    outputPerMillion: t.exposeFloat('outputPerMillion', { description: 'USD for a million tokens of answers.' }),
    cacheReadPerMillion: t.exposeFloat('cacheReadPerMillion', {
      nullable: true,
      description: 'USD for a million tokens of questions that the provider had kept; null: as much as others.',
    }),
    cacheWritePerMillion: t.exposeFloat('cacheWritePerMillion', {
      nullable: true,
      description: 'USD for a million tokens of questions that the provider keeps from now on; null: as much as others.',
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was set.' }),
  }),
});

builder.queryField('modelPrices', (t) =>
  t.prismaField({
    type: [ModelPrice],
    description: 'The prices that a project has set, by model.',
    args: { projectId: t.arg.id({ required: true, description: 'The project.' }) },
    resolve: (query, _root, { projectId }, { studio, viewer }) => {
      requireViewer(viewer);
      const where = { AND: [{ projectId: visibleProject(viewer, projectId) }, visibleTo(viewer)] };
      return studio.prisma.modelPrice.findMany({ ...query, where, orderBy: { model: 'asc' }, take: 1000 });
    },
  }),
);

builder.mutationField('setModelPrice', (t) =>
  t.prismaFieldWithInput({
    type: ModelPrice,
    description: 'Says what a language model costs in a project from now on. What was executed before keeps its cost.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The price, or why it was not set.' },
      result: { description: 'The price counts from now on.' },
      dataField: { description: 'The price.' },
    },
    typeOptions: { description: 'A model and its price.' },
    argOptions: { description: 'A model and its price.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      model: t.input.string({ required: true, description: modelHelp }),
      inputPerMillion: t.input.float({ required: true, description: 'USD for a million tokens of questions, 0 to 1,000,000.' }),
      outputPerMillion: t.input.float({ required: true, description: 'USD for a million tokens of answers, 0 to 1,000,000.' }),
      cacheReadPerMillion: t.input.float({
        description: 'USD for a million tokens that the provider had kept. Left out: as much as others.',
      }),
      cacheWritePerMillion: t.input.float({
        description: 'USD for a million tokens that the provider keeps from now on. Left out: as much as others.',
      }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { projectId, model } = await studio.prices.set(viewer, {
        ...input,
        projectId: databaseId('Project', input.projectId),
        cacheReadPerMillion: input.cacheReadPerMillion ?? undefined,
        cacheWritePerMillion: input.cacheWritePerMillion ?? undefined,
      });
      return studio.prisma.modelPrice.findUniqueOrThrow({ ...selecting(query), where: { projectId_model: { projectId, model } } });
    },
  }),
);

builder.mutationField('deleteModelPrice', (t) =>
  t.fieldWithInput({
    type: 'String',
    description: 'Forgets what a project has set as a price; the one that the plugin knows counts again.',
    errors: {
      types: [NotFound],
      union: { description: 'The model, or why nothing was deleted.' },
      result: { description: 'The price is gone.' },
      dataField: { description: 'The model whose price it was.' },
    },
    typeOptions: { description: 'The price to delete.' },
    argOptions: { description: 'The price to delete.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      model: t.input.string({ required: true, description: modelHelp }),
    },
    resolve: async (_root, { input: { projectId, model } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.prices.remove(viewer, { projectId: databaseId('Project', projectId), model });
      return model;
    },
  }),
);
