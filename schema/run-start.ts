import { Conflict, Invalid, NotFound, requireViewer, Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { withFormPaths } from './form-paths.ts';
import { databaseId, optionalId } from './global-id.ts';
import { Run } from './run.ts';
import { selecting } from './selection.ts';

const nameHelp = '1 to 200 characters. Left out: a name is made.';
const priorityHelp = '-100 to 100: higher ones leave the queue first, then the older ones.';
const crashesHelp =
  'How often it may be started again after its process died, 0 to 20. One that dies three times in a row without a new step is given up before.';

interface Wishes {
  experimentId?: string | null;
  datasetVersionId?: string | null;
  baseModelId?: string | null;
  config?: unknown;
  name?: string | null;
  notes?: string | null;
  tags?: string[] | null;
  priority?: number | null;
  maxCrashes?: number | null;
}

/** What is asked of a run, whether it is a new one or a clone. */
const wishes = (input: Wishes) => ({
  experimentId: optionalId('Experiment', input.experimentId),
  datasetVersionId: optionalId('DatasetVersion', input.datasetVersionId),
  baseModelId: optionalId('BaseModel', input.baseModelId),
  config: input.config ?? {},
  name: input.name ?? undefined,
  notes: input.notes ?? undefined,
  tags: input.tags ?? undefined,
  priority: input.priority ?? undefined,
  maxCrashes: input.maxCrashes ?? undefined,
});

builder.mutationField('startRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Queues a training job. It starts as soon as there is room.',
    errors: {
      types: [Invalid, NotFound, Conflict, Unavailable],
      union: { description: 'The queued run, or why there is none.' },
      result: { description: 'The run was queued.' },
      dataField: { description: 'The queued run.' },
    },
    typeOptions: { description: 'What to train. All of it can be left out.' },
    argOptions: { description: 'What to train.' },
    input: {
      name: t.input.string({ description: nameHelp }),
      projectId: t.input.id({ description: 'The project it belongs to. Left out: that of the experiment, or your first one.' }),
      experimentId: t.input.id({ description: 'The experiment it belongs to. Left out: the one named "Default".' }),
      datasetVersionId: t.input.id({
        description: 'A version of a dataset of the project to train on, in place of `data.path`. Left out: what the configuration names.',
      }),
      baseModelId: t.input.id({
        description: 'A base model of the project to start from, in place of `model.base`. Left out: what the configuration names.',
      }),
      config: t.input.field({
        type: 'JSON',
        description:
          'Any part of a training configuration; what is left out takes its default. See `trainingConfigForm`. Files of the server may be named by administrators only.',
      }),
      priority: t.input.int({ defaultValue: 0, description: priorityHelp }),
      tags: t.input.stringList({ description: 'Words to find it by: at most 20, of 1 to 50 characters each.' }),
      notes: t.input.string({ description: 'What it is about; at most 20,000 characters.' }),
      maxCrashes: t.input.int({ defaultValue: 20, description: crashesHelp }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await withFormPaths(() =>
        studio.runs.start(viewer, { projectId: optionalId('Project', input.projectId), ...wishes(input) }),
      );
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('cloneRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Queues a run with the configuration of another one, and changes to it.',
    errors: {
      types: [Invalid, NotFound, Conflict, Unavailable],
      union: { description: 'The queued run, or why there is none.' },
      result: { description: 'The run was queued.' },
      dataField: { description: 'The queued run; the one that it was cloned from is its `parent`.' },
    },
    typeOptions: { description: 'The run to clone, and what is to be otherwise.' },
    argOptions: { description: 'The run to clone, and what is to be otherwise.' },
    input: {
      runId: t.input.id({ required: true, description: 'The run to clone, in whatever state.' }),
      name: t.input.string({ description: '1 to 200 characters. Left out: "Copy of …".' }),
      experimentId: t.input.id({ description: 'An experiment of the same project. Left out: that of the run.' }),
      datasetVersionId: t.input.id({ description: 'Another version of a dataset to train on. Left out: that of the run.' }),
      baseModelId: t.input.id({ description: 'Another base model to start from. Left out: that of the run.' }),
      config: t.input.field({
        type: 'JSON',
        description:
          'What is to be otherwise: any part of a training configuration. Sections are merged field by field; a list is replaced whole.',
      }),
      priority: t.input.int({ description: `${priorityHelp} Left out: that of the run.` }),
      tags: t.input.stringList({ description: 'Words to find it by. Left out: those of the run.' }),
      notes: t.input.string({ description: 'What it is about; at most 20,000 characters. Left out: nothing.' }),
      maxCrashes: t.input.int({ description: `${crashesHelp} Left out: as the run.` }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await withFormPaths(() => studio.runs.clone(viewer, databaseId('Run', input.runId), wishes(input)));
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
