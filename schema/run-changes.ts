import { Conflict, Invalid, NotFound, Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { Run } from './run.ts';
import { selecting } from './selection.ts';

/** Names the fields of a configuration in issues as the form does: `optimizer.learningRate`. */
async function withFormPaths<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const issues = error.issues.map(({ path, message }) => ({ path: path.replace(/^config\./, ''), message }));
    throw new Invalid(error.message, issues, { cause: error });
  }
}

builder.mutationField('startRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Queues a training job. It starts as soon as there is room.',
    errors: {
      types: [Invalid, NotFound, Unavailable],
      union: { description: 'The queued run, or why there is none.' },
      result: { description: 'The run was queued.' },
      dataField: { description: 'The queued run.' },
    },
    typeOptions: { description: 'What to train. All of it can be left out.' },
    argOptions: { description: 'What to train.' },
    input: {
      name: t.input.string({ description: '1 to 200 characters. Left out: a name is made.' }),
      experimentId: t.input.id({ description: 'The experiment it belongs to. Left out: the one named "Default".' }),
      config: t.input.field({
        type: 'JSON',
        description: 'Any part of a training configuration; what is left out takes its default. See `trainingConfigForm`.',
      }),
    },
    resolve: async (query, _root, { input }, { studio }) => {
      const { id } = await withFormPaths(() =>
        studio.runs.start({
          name: input.name ?? undefined,
          experimentId: input.experimentId == null ? undefined : databaseId('Experiment', input.experimentId),
          config: input.config ?? {},
        }),
      );
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('cancelRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Stops a run at the end of its step. What it learned until then is kept.',
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
    resolve: async (query, _root, { input }, { studio }) => {
      const id = databaseId('Run', input.runId);
      await studio.runs.cancel(id);
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
    resolve: async (query, _root, { input }, { studio }) => {
      const id = databaseId('Run', input.runId);
      await studio.runs.pause(id);
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
    resolve: async (query, _root, { input }, { studio }) => {
      const id = databaseId('Run', input.runId);
      await studio.runs.resume(id);
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
