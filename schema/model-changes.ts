import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { Model } from './model.ts';
import { projectFor } from './project-argument.ts';
import { selecting } from './selection.ts';

builder.mutationField('createModel', (t) =>
  t.prismaFieldWithInput({
    type: Model,
    description: 'Makes a name to keep versions of a tuned model under.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new model, or why there is none.' },
      result: { description: 'The model was made. It has no version yet.' },
      dataField: { description: 'The new model.' },
    },
    typeOptions: { description: 'The model to make.' },
    argOptions: { description: 'The model to make.' },
    input: {
      name: t.input.string({ required: true, description: '1 to 100 characters; no other model of the project may have it.' }),
      projectId: t.input.id({ description: 'The project it belongs to. Left out: your first one.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const projectId = projectFor(viewer, input.projectId);
      const { id } = await studio.models.create(viewer, { projectId, name: input.name, description: input.description ?? undefined });
      return studio.prisma.model.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('updateModel', (t) =>
  t.prismaFieldWithInput({
    type: Model,
    description: 'Renames a model, or describes it anew.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The model, or why nothing was changed.' },
      result: { description: 'The model was changed.' },
      dataField: { description: 'The model as it is now.' },
    },
    typeOptions: { description: 'What to change. What is left out stays.' },
    argOptions: { description: 'What to change. What is left out stays.' },
    input: {
      modelId: t.input.id({ required: true, description: 'The model.' }),
      name: t.input.string({ description: '1 to 100 characters; no other model of the project may have it.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Model', input.modelId);
      await studio.models.update(viewer, id, { name: input.name ?? undefined, description: input.description ?? undefined });
      return studio.prisma.model.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteModel', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes a model with all its versions, aliases and files. For owners of the project.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The model is gone, with everything in it.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The model to delete.' },
    argOptions: { description: 'The model to delete.' },
    input: { modelId: t.input.id({ required: true, description: 'A model from whose versions no run starts that has not ended.' }) },
    resolve: async (_root, { input: { modelId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.models.delete(viewer, databaseId('Model', modelId));
      return modelId;
    },
  }),
);
