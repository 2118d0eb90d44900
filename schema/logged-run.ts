import { Conflict, Invalid, NotFound, requireViewer, type Logged } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { LogLevel } from './log.ts';
import { NonFiniteRef } from './metric.ts';
import { Run } from './run.ts';
import { selecting } from './selection.ts';

builder.mutationField('createLoggedRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Makes a run that is trained elsewhere; its trainer then sends what it measures with `logMetrics`. It is RUNNING at once.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The new run, or why there is none.' },
      result: { description: 'The run was made.' },
      dataField: { description: 'The new run.' },
    },
    typeOptions: { description: 'The run to make. All of it can be left out.' },
    argOptions: { description: 'The run to make.' },
    input: {
      projectId: t.input.id({ description: 'The project it belongs to. Left out: that of the experiment, or your first one.' }),
      experimentId: t.input.id({ description: 'The experiment it belongs to. Left out: the one named "Default".' }),
      name: t.input.string({ description: '1 to 200 characters. Left out: a name is made.' }),
      config: t.input.field({ type: 'JSON', description: 'Whatever the trainer is set to: an object, at most 256 KB.' }),
      tags: t.input.stringList({ description: 'Words to find it by: at most 20, of 1 to 50 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.loggedRuns.create(viewer, {
        projectId: input.projectId == null ? undefined : databaseId('Project', input.projectId),
        experimentId: input.experimentId == null ? undefined : databaseId('Experiment', input.experimentId),
        name: input.name ?? undefined,
        config: input.config ?? undefined,
        tags: input.tags ?? undefined,
      });
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

const LoggedPointInput = builder.inputType('LoggedPointInput', {
  description: 'One measured value. It is known by key, rank and step.',
  fields: (t) => ({
    key: t.string({
      required: true,
      description: 'Which metric, 1 to 200 characters: `loss`, `evaluationLoss`, `learningRate`, or any other.',
    }),
    step: t.int({ required: true, description: 'Optimizer steps done, 0 or more.' }),
    rank: t.int({ description: 'Process of a distributed run that measured it, 0 to 65535. Left out: 0.' }),
    value: t.float({ description: 'The value, when it is a finite number.' }),
    nonFinite: t.field({ type: NonFiniteRef, description: 'What it is otherwise. Either this or `value` is needed.' }),
    epoch: t.float({ description: 'Passes over the training set so far: 1.25. Left out: 0.' }),
    tokens: t.float({ description: 'Tokens trained on so far. Left out: 0.' }),
    time: t.field({ type: 'DateTime', description: 'When it was measured. Left out: now.' }),
  }),
});

const LoggedMetrics = builder.objectRef<Logged>('LoggedMetrics').implement({
  description: 'What became of the points of a call. All of them are stored now.',
  fields: (t) => ({
    accepted: t.exposeInt('accepted', { description: 'Points that are new.' }),
    duplicates: t.exposeInt('duplicates', { description: 'Points that were stored already, with the same value.' }),
  }),
});

builder.mutationField('logMetrics', (t) =>
  t.fieldWithInput({
    type: LoggedMetrics,
    description:
      'Stores points of a run that is trained elsewhere, all or none; with the answer they are safe. Points may come in any order, and again: a trainer that got no answer sends the same call again. A step that has another value already is a `Conflict` that names it, and nothing of the call is stored.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'How many points were stored, or why none was.' },
      result: { description: 'The points are stored.' },
      dataField: { description: 'How many were new.' },
    },
    typeOptions: { description: 'The points to store.' },
    argOptions: { description: 'The points to store.' },
    input: {
      runId: t.input.id({ required: true, description: 'A run that `createLoggedRun` has made.' }),
      points: t.input.field({ type: [LoggedPointInput], required: true, description: '1 to 5,000 points.' }),
    },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.loggedRuns.log(viewer, databaseId('Run', input.runId), input.points);
    },
  }),
);

builder.mutationField('logRunMessage', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Adds a line to the log of a run that is trained elsewhere.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The run with its new line, or why there is none.' },
      result: { description: 'The line is stored.' },
      dataField: { description: 'The run.' },
    },
    typeOptions: { description: 'The line to add.' },
    argOptions: { description: 'The line to add.' },
    input: {
      runId: t.input.id({ required: true, description: 'A run that `createLoggedRun` has made.' }),
      message: t.input.string({ required: true, description: 'The text, 1 to 10,000 characters.' }),
      level: t.input.field({ type: LogLevel, defaultValue: 'INFO', description: 'How much it matters.' }),
      step: t.input.int({ description: 'Optimizer steps done then. Left out: the newest one.' }),
    },
    resolve: async (query, _root, { input: { runId, message, level, step } }, { studio, viewer }) => {
      requireViewer(viewer);
      const line = { runId: databaseId('Run', runId), message, level: level ?? 'INFO', step: step ?? undefined };
      const { id } = await studio.loggedRuns.message(viewer, line);
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

const LoggedRunEnd = builder.enumType('LoggedRunEnd', {
  description: 'How a run that is trained elsewhere can end.',
  values: {
    COMPLETED: { description: 'All steps are done.' },
    FAILED: { description: 'It could not go on.' },
    CANCELLED: { description: 'Somebody stopped it.' },
  } as const,
});

builder.mutationField('finishLoggedRun', (t) =>
  t.prismaFieldWithInput({
    type: Run,
    description: 'Ends a run that is trained elsewhere. Asked again for the same state, it changes nothing.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The run that has ended, or why it has not.' },
      result: { description: 'The run has ended.' },
      dataField: { description: 'The run as it stands now.' },
    },
    typeOptions: { description: 'The run to end.' },
    argOptions: { description: 'The run to end.' },
    input: {
      runId: t.input.id({ required: true, description: 'A run that `createLoggedRun` has made.' }),
      state: t.input.field({ type: LoggedRunEnd, required: true, description: 'How it ended.' }),
      message: t.input.string({ description: 'The last line of its log, at most 10,000 characters; of a run that failed, why.' }),
    },
    resolve: async (query, _root, { input: { runId, state, message } }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.loggedRuns.finish(viewer, { runId: databaseId('Run', runId), state, message: message ?? undefined });
      return studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
