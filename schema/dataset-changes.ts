import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { Dataset } from './dataset.ts';
import { databaseId } from './global-id.ts';
import { projectFor } from './project-argument.ts';
import { selecting } from './selection.ts';

builder.mutationField('createDataset', (t) =>
  t.prismaFieldWithInput({
    type: Dataset,
    description: 'Makes a name to keep versions of rows under.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new dataset, or why there is none.' },
      result: { description: 'The dataset was made. It has no version yet.' },
      dataField: { description: 'The new dataset.' },
    },
    typeOptions: { description: 'The dataset to make.' },
    argOptions: { description: 'The dataset to make.' },
    input: {
      name: t.input.string({ required: true, description: '1 to 100 characters; no other dataset of the project may have it.' }),
      projectId: t.input.id({ description: 'The project it belongs to. Left out: your first one.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const projectId = projectFor(viewer, input.projectId);
      const { id } = await studio.datasets.create(viewer, { projectId, name: input.name, description: input.description ?? undefined });
      return studio.prisma.dataset.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('updateDataset', (t) =>
  t.prismaFieldWithInput({
    type: Dataset,
    description: 'Renames a dataset, or describes it anew.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The dataset, or why nothing was changed.' },
      result: { description: 'The dataset was changed.' },
      dataField: { description: 'The dataset as it is now.' },
    },
    typeOptions: { description: 'What to change. What is left out stays.' },
    argOptions: { description: 'What to change. What is left out stays.' },
    input: {
      datasetId: t.input.id({ required: true, description: 'The dataset.' }),
      name: t.input.string({ description: '1 to 100 characters; no other dataset of the project may have it.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Dataset', input.datasetId);
      await studio.datasets.update(viewer, id, { name: input.name ?? undefined, description: input.description ?? undefined });
      return studio.prisma.dataset.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteDataset', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes a dataset with all its versions and files.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The dataset is gone, with everything in it.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The dataset to delete.' },
    argOptions: { description: 'The dataset to delete.' },
    input: { datasetId: t.input.id({ required: true, description: 'A dataset that no run uses which has not ended.' }) },
    resolve: async (_root, { input: { datasetId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.datasets.delete(viewer, databaseId('Dataset', datasetId));
      return datasetId;
    },
  }),
);
