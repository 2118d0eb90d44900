import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { encodeGlobalID } from '@pothos/plugin-relay';
import { builder } from './builder.ts';
import { withFormPaths } from './form-paths.ts';
import { databaseId, optionalId } from './global-id.ts';
import { Run } from './run.ts';
import { selecting } from './selection.ts';

builder.mutationField('cancelRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description:
      'Stops a run at the end of its step. What it learned until then is kept as an artifact; of a queued or paused run, what its newest checkpoint holds.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The run that stops, or why it cannot.' },
      result: { description: 'The run stops at the end of its step, or has stopped.' },
      dataField: { description: 'The run as it stands now.' },
    },
    typeOptions: { description: 'The run to stop.' },
    argOptions: { description: 'The run to stop.' },
    input: {
      runId: t.input.id({ required: true, description: 'The run to stop.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Run', input.runId);
      await studio.runs.cancel(viewer, id);
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('pauseRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Stops a run at the end of its step such that it can go on later. It makes room for others meanwhile.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The run that pauses, or why it cannot.' },
      result: { description: 'The run pauses at the end of its step, or is paused.' },
      dataField: { description: 'The run as it stands now.' },
    },
    typeOptions: { description: 'The run to pause.' },
    argOptions: { description: 'The run to pause.' },
    input: {
      runId: t.input.id({ required: true, description: 'The run to pause.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Run', input.runId);
      await studio.runs.pause(viewer, id);
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('resumeRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Puts a paused run back into the queue. It goes on exactly where it was as soon as there is room.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The run that goes on, or why it cannot.' },
      result: { description: 'The run is queued, or goes already.' },
      dataField: { description: 'The run as it stands now.' },
    },
    typeOptions: { description: 'The run to resume.' },
    argOptions: { description: 'The run to resume.' },
    input: {
      runId: t.input.id({ required: true, description: 'The run to resume.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Run', input.runId);
      await studio.runs.resume(viewer, id);
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('retryRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description:
      'Puts a run that failed or was cancelled back into the queue. It goes on from its newest checkpoint; without one it begins again.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The queued run, or why it cannot be tried again.' },
      result: { description: 'The run is queued again.' },
      dataField: { description: 'The run as it stands now.' },
    },
    typeOptions: { description: 'The run to try again.' },
    argOptions: { description: 'The run to try again.' },
    input: {
      runId: t.input.id({ required: true, description: 'The run to try again.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Run', input.runId);
      await withFormPaths(() => studio.runs.retry(viewer, id));
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('updateRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Changes what is said about a run. What it trains stays: clone it to train otherwise.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The run, or why nothing was changed.' },
      result: { description: 'The run was changed.' },
      dataField: { description: 'The run as it is now.' },
    },
    typeOptions: { description: 'What to change. What is left out stays.' },
    argOptions: { description: 'What to change. What is left out stays.' },
    input: {
      runId: t.input.id({ required: true, description: 'The run to change.' }),
      name: t.input.string({ description: '1 to 200 characters.' }),
      notes: t.input.string({ description: 'What it is about; at most 20,000 characters.' }),
      tags: t.input.stringList({
        description: 'Words to find it by, in place of those that it has: at most 20, of 1 to 50 characters each.',
      }),
      experimentId: t.input.id({ description: 'Another experiment of the same project.' }),
      priority: t.input.int({ description: '-100 to 100, while it is queued or paused: higher ones leave the queue first.' }),
      maxCrashes: t.input.int({ description: 'How often it may be started again after its process died, 0 to 20.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Run', input.runId);
      await studio.runs.update(viewer, id, {
        name: input.name ?? undefined,
        notes: input.notes ?? undefined,
        tags: input.tags ?? undefined,
        experimentId: optionalId('Experiment', input.experimentId),
        priority: input.priority ?? undefined,
        maxCrashes: input.maxCrashes ?? undefined,
      });
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteRun', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes a run that has ended, with its metrics, checkpoints, artifacts and files. Model versions made of it stay.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The id of what is gone, or why nothing was deleted.' },
      result: { description: 'The run is gone.' },
      dataField: { description: 'Global id of the run that is gone.' },
    },
    typeOptions: { description: 'The run to delete.' },
    argOptions: { description: 'The run to delete.' },
    input: { runId: t.input.id({ required: true, description: 'The run to delete.' }) },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Run', input.runId);
      await studio.runs.delete(viewer, id);
      return encodeGlobalID('Run', id);
    },
  }),
);
