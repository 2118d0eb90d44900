import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { encodeGlobalID } from '@pothos/plugin-relay';
import { builder } from './builder.ts';
import { Experiment } from './experiment.ts';
import { databaseId } from './global-id.ts';
import { projectFor } from './project-argument.ts';
import { selecting } from './selection.ts';

builder.mutationField('createExperiment', (t) =>
  t.prismaFieldWithInput({
    type: Experiment,
    description: 'Makes an experiment to put runs into.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new experiment, or why there is none.' },
      result: { description: 'The experiment was made.' },
      dataField: { description: 'The new experiment.' },
    },
    typeOptions: { description: 'The experiment to make.' },
    argOptions: { description: 'The experiment to make.' },
    input: {
      name: t.input.string({ required: true, description: '1 to 100 characters; no other experiment of the project may have it.' }),
      projectId: t.input.id({ description: 'The project it belongs to. Left out: your first one.' }),
      description: t.input.string({ description: 'What it is about.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const projectId = projectFor(viewer, input.projectId);
      const { id } = await studio.experiments.create(viewer, { projectId, name: input.name, description: input.description ?? undefined });
      return studio.prisma.experiment.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('updateExperiment', (t) =>
  t.prismaFieldWithInput({
    type: Experiment,
    description: 'Renames an experiment, or describes it anew.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The experiment, or why nothing was changed.' },
      result: { description: 'The experiment was changed.' },
      dataField: { description: 'The experiment as it is now.' },
    },
    typeOptions: { description: 'What to change. What is left out stays.' },
    argOptions: { description: 'What to change. What is left out stays.' },
    input: {
      experimentId: t.input.id({ required: true, description: 'The experiment.' }),
      name: t.input.string({ description: '1 to 100 characters; no other experiment of the project may have it.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Experiment', input.experimentId);
      await studio.experiments.update(viewer, id, { name: input.name ?? undefined, description: input.description ?? undefined });
      return studio.prisma.experiment.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteExperiment', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes an experiment that has no runs; or one with its runs, when these have ended.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The id of what is gone, or why nothing was deleted.' },
      result: { description: 'The experiment is gone.' },
      dataField: { description: 'Global id of the experiment that is gone.' },
    },
    typeOptions: { description: 'The experiment to delete.' },
    argOptions: { description: 'The experiment to delete.' },
    input: {
      experimentId: t.input.id({ required: true, description: 'The experiment.' }),
      withRuns: t.input.boolean({
        defaultValue: false,
        description: 'Whether its runs go too, with all that they produced. Otherwise an experiment with runs stays.',
      }),
    },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Experiment', input.experimentId);
      await studio.experiments.delete(viewer, id, input.withRuns ?? false);
      return encodeGlobalID('Experiment', id);
    },
  }),
);
