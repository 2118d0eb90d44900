import {
  Conflict,
  Invalid,
  NotFound,
  PluginFailed,
  type PluginResult,
  type PluginRunEvent,
  requireScope,
  requireViewer,
  type StudioError,
} from '@anneal/core';
import { builder } from './builder.ts';
import { IssueRef } from './errors.ts';
import { databaseId } from './global-id.ts';
import { PluginFailureReason } from './plugin-words.ts';
import { projectFor } from './project-argument.ts';
import { stoppable } from './stream.ts';

const PluginResultRef = builder.objectRef<PluginResult>('PluginResult').implement({
  description: 'What a plugin gave.',
  fields: (t) => ({
    output: t.expose('output', {
      type: 'JSON',
      nullable: true,
      description:
        'As its output schema says. A source of datasets gives `{ rows, isComplete }`: its first 100 rows, and whether these are all.',
    }),
    milliseconds: t.exposeFloat('milliseconds', { description: 'How long it took, in milliseconds; waiting for a free place included.' }),
  }),
});

builder.mutationField('runPlugin', (t) =>
  t.fieldWithInput({
    type: PluginResultRef,
    description:
      'Runs a plugin: a tool, a code generator, a reward, an embedding, or a source of datasets. Models are asked through prompts instead.',
    errors: {
      types: [Invalid, NotFound, Conflict, PluginFailed],
      union: { description: 'What it gave, or why it gave nothing.' },
      result: { description: 'The plugin has answered.' },
      dataField: { description: 'Its answer.' },
    },
    typeOptions: { description: 'The plugin, and what it is asked.' },
    argOptions: { description: 'The plugin, and what it is asked.' },
    input: {
      projectId: t.input.id({ description: 'The project it is for. Left out: your first one.' }),
      name: t.input.string({ required: true, description: 'Name of the plugin.' }),
      input: t.input.field({
        type: 'JSON',
        required: true,
        description: 'As its input schema says; at most 1,000,000 characters as JSON.',
      }),
    },
    resolve: (_root, { input: { projectId, name, input } }, { studio, viewer }) => {
      requireViewer(viewer);
      const { signal } = new AbortController();
      return studio.pluginCalls.run(viewer, { projectId: projectFor(viewer, projectId), name, input }, { signal });
    },
  }),
);

/** In a wrapping: an error by itself would be taken for one of the server. */
const PluginRunProblemRef = builder.objectRef<{ error: StudioError }>('PluginRunProblem').implement({
  description: 'Why the run of a plugin gave nothing.',
  fields: (t) => ({
    message: t.string({ resolve: ({ error }) => error.message, description: 'What is wrong and what to do, for people.' }),
    code: t.string({ resolve: ({ error }) => error.code, description: 'The same for programs: `INVALID_INPUT`, `PLUGIN_FAILED`, …' }),
    reason: t.field({
      type: PluginFailureReason,
      nullable: true,
      resolve: ({ error }) => (error instanceof PluginFailed ? error.reason : null),
      description: 'Why the plugin gave no answer; null when that was not it.',
    }),
    issues: t.field({
      type: [IssueRef],
      resolve: ({ error }) => (error instanceof Invalid ? [...error.issues] : []),
      description: 'What is wrong with the input, one for each field.',
    }),
  }),
});

const PluginRunEventRef = builder.objectRef<PluginRunEvent>('PluginRunEvent').implement({
  description: 'How far the run of a plugin is. The last one has its result, or its problem.',
  fields: (t) => ({
    fraction: t.exposeFloat('fraction', { nullable: true, description: 'From 0 to 1; null: the plugin has not said.' }),
    message: t.exposeString('message', { nullable: true, description: 'What it does, as it says itself; null: it has not said.' }),
    result: t.expose('result', { type: PluginResultRef, nullable: true, description: 'What it gave; null before the end.' }),
    problem: t.field({
      type: PluginRunProblemRef,
      nullable: true,
      resolve: ({ problem }) => problem && { error: problem },
      description: 'Why it gave nothing; null: nothing is wrong.',
    }),
  }),
});

const PluginRunInput = builder.inputType('PluginRunInput', {
  description: 'The plugin, and what it is asked.',
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'The project it is for.' }),
    name: t.string({ required: true, description: 'Name of the plugin.' }),
    input: t.field({ type: 'JSON', required: true, description: 'As its input schema says; at most 1,000,000 characters as JSON.' }),
  }),
});

builder.subscriptionField('pluginRun', (t) =>
  t.field({
    type: PluginRunEventRef,
    // Needs the scope `execute`, not `read`.
    skipTypeScopes: true,
    description:
      'Runs a plugin as `runPlugin` does, and tells how far it is: at once, at most ten times a second, and at the end. Unsubscribing cancels it.',
    args: { input: t.arg({ type: PluginRunInput, required: true, description: 'The plugin, and what it is asked.' }) },
    subscribe: async (_root, { input: { projectId, name, input } }, { studio, viewer }) => {
      requireScope(viewer, 'execute');
      return stoppable(await studio.pluginCalls.follow(viewer, { projectId: databaseId('Project', projectId), name, input }));
    },
    resolve: (event) => event,
  }),
);
