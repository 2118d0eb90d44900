import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { Model } from './model.ts';
import { selecting } from './selection.ts';

const aliasHelp = '1 to 40 of `a-z`, `0-9` and `-`: `champion`.';

builder.mutationField('setModelAlias', (t) =>
  t.prismaFieldWithInput({
    type: Model,
    description: 'Makes an alias, or lets it point to another version: promotes that one.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The model, or why nothing was changed.' },
      result: { description: 'The alias points to the version.' },
      dataField: { description: 'The model as it is now.' },
    },
    typeOptions: { description: 'What is to point where.' },
    argOptions: { description: 'What is to point where.' },
    input: {
      modelId: t.input.id({ required: true, description: 'The model.' }),
      alias: t.input.string({ required: true, description: aliasHelp }),
      versionId: t.input.id({ required: true, description: 'A version of that model.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const versionId = databaseId('ModelVersion', input.versionId);
      const { id } = await studio.modelAliases.set(viewer, { modelId: databaseId('Model', input.modelId), alias: input.alias, versionId });
      return studio.prisma.model.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('removeModelAlias', (t) =>
  t.prismaFieldWithInput({
    type: Model,
    description: 'Removes an alias. Its history stays, and `rollBackModelAlias` brings it back.',
    errors: {
      types: [NotFound],
      union: { description: 'The model, or why nothing was changed.' },
      result: { description: 'The alias is gone.' },
      dataField: { description: 'The model as it is now.' },
    },
    typeOptions: { description: 'The alias to remove.' },
    argOptions: { description: 'The alias to remove.' },
    input: {
      modelId: t.input.id({ required: true, description: 'The model.' }),
      alias: t.input.string({ required: true, description: aliasHelp }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.modelAliases.remove(viewer, { modelId: databaseId('Model', input.modelId), alias: input.alias });
      return studio.prisma.model.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('rollBackModelAlias', (t) =>
  t.prismaFieldWithInput({
    type: Model,
    description:
      'Lets an alias point to what it pointed to before; asked again, to what was before that. Versions that were deleted are passed over.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The model, or why there is nothing to go back to.' },
      result: { description: 'The alias points to the earlier version.' },
      dataField: { description: 'The model as it is now.' },
    },
    typeOptions: { description: 'The alias to roll back.' },
    argOptions: { description: 'The alias to roll back.' },
    input: {
      modelId: t.input.id({ required: true, description: 'The model.' }),
      alias: t.input.string({ required: true, description: aliasHelp }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.modelAliases.rollBack(viewer, { modelId: databaseId('Model', input.modelId), alias: input.alias });
      return studio.prisma.model.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
