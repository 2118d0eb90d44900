import { Conflict, Invalid, NotFound, PluginFailed, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { ErrorInterface } from './errors.ts';
import { PluginRef } from './plugin.ts';
import { PluginFailureReason } from './plugin-words.ts';

builder.objectType(PluginFailed, {
  name: 'PluginFailed',
  description: 'A plugin gave no answer.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    reason: t.expose('reason', { type: PluginFailureReason, description: 'What went wrong.' }),
    modelErrorCode: t.exposeString('modelErrorCode', {
      nullable: true,
      description: 'What a model said that the plugin asked: `AUTHENTICATION`, `RATE_LIMITED`, …; null when that was not the reason.',
    }),
    retryAfterSeconds: t.exposeFloat('retryAfterSeconds', {
      nullable: true,
      description: 'Seconds until it is worth asking again; null where that is not known.',
    }),
  }),
});

const nameDescription = 'Name of the plugin.';

builder.mutationField('enablePlugin', (t) =>
  t.fieldWithInput({
    type: PluginRef,
    description: 'Lets a plugin be used, and starts it: its state says whether that went well. For administrators.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The plugin, or why it is as it was.' },
      result: { description: 'The plugin is enabled.' },
      dataField: { description: 'The plugin.' },
    },
    typeOptions: { description: 'The plugin to enable.' },
    argOptions: { description: 'The plugin to enable.' },
    input: { name: t.input.string({ required: true, description: nameDescription }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.plugins.enable(viewer, input.name);
    },
  }),
);

builder.mutationField('disablePlugin', (t) =>
  t.fieldWithInput({
    type: PluginRef,
    description: 'Ends a plugin, and lets nobody use it. Its settings are kept. For administrators.',
    errors: {
      types: [NotFound],
      union: { description: 'The plugin, or why it is as it was.' },
      result: { description: 'The plugin is disabled. Calls that were under way had a few seconds to end.' },
      dataField: { description: 'The plugin.' },
    },
    typeOptions: { description: 'The plugin to disable.' },
    argOptions: { description: 'The plugin to disable.' },
    input: { name: t.input.string({ required: true, description: nameDescription }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.plugins.disable(viewer, input.name);
    },
  }),
);

builder.mutationField('setPluginNetwork', (t) =>
  t.fieldWithInput({
    type: PluginRef,
    description: 'Gives a plugin the network that its manifest asks for, or takes it away. For administrators.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The plugin, or why it is as it was.' },
      result: { description: 'It is decided.' },
      dataField: { description: 'The plugin.' },
    },
    typeOptions: { description: 'The plugin, and what it gets.' },
    argOptions: { description: 'The plugin, and what it gets.' },
    input: {
      name: t.input.string({ required: true, description: nameDescription }),
      isAllowed: t.input.boolean({ required: true, description: 'Whether it gets the network.' }),
    },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.plugins.setNetwork(viewer, input);
    },
  }),
);

builder.mutationField('updatePluginSettings', (t) =>
  t.fieldWithInput({
    type: PluginRef,
    description:
      'Changes settings of a plugin, which its own schema checks. They are kept encrypted, and secrets are not given back. For administrators.',
    errors: {
      types: [Invalid, NotFound, Conflict, PluginFailed],
      union: { description: 'The plugin, or why its settings are as they were.' },
      result: { description: 'The settings hold for the calls that begin from now on.' },
      dataField: { description: 'The plugin.' },
    },
    typeOptions: { description: 'The settings to change.' },
    argOptions: { description: 'The settings to change.' },
    input: {
      name: t.input.string({ required: true, description: nameDescription }),
      settings: t.input.field({
        type: 'JSON',
        required: true,
        description: 'Settings by name. What is left out stays as it is; null takes a setting away.',
      }),
    },
    resolve: (_root, { input: { name, settings } }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.plugins.updateSettings(viewer, { name, settings });
    },
  }),
);

builder.mutationField('reloadPlugins', (t) =>
  t.fieldWithInput({
    type: [PluginRef],
    description:
      'Looks into the folders of plugins again, on all servers: what is new is found, what is there is loaded anew, what is gone is ended. For administrators.',
    errors: {
      types: [NotFound],
      union: { description: 'The plugins, or why nothing was loaded anew.' },
      result: { description: 'They are loaded anew. Calls that were under way may end as they began.' },
      dataField: { description: 'The plugins that were loaded anew, by name.' },
    },
    typeOptions: { description: 'The plugins to load anew.' },
    argOptions: { description: 'The plugins to load anew.' },
    input: { name: t.input.string({ description: 'Only this one. Left out: all, and those that are new.' }) },
    resolve: async (_root, { input: { name } }, { studio, viewer }) => {
      requireViewer(viewer);
      return name == null ? studio.plugins.reloadAll(viewer) : [await studio.plugins.reload(viewer, name)];
    },
  }),
);

builder.mutationField('unloadPlugin', (t) =>
  t.fieldWithInput({
    type: PluginRef,
    description:
      'Ends the process of a plugin on the server that answers, once its calls have ended, to give its memory back. The next call starts it again. For administrators.',
    errors: {
      types: [NotFound],
      union: { description: 'The plugin, or why it is as it was.' },
      result: { description: 'It has no process.' },
      dataField: { description: 'The plugin.' },
    },
    typeOptions: { description: 'The plugin to unload.' },
    argOptions: { description: 'The plugin to unload.' },
    input: { name: t.input.string({ required: true, description: nameDescription }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.plugins.unload(viewer, input.name);
    },
  }),
);

builder.mutationField('warmUpPlugin', (t) =>
  t.fieldWithInput({
    type: PluginRef,
    description:
      'Starts the process of a plugin on the server that answers, so that the first call does not wait for it. For administrators.',
    errors: {
      types: [NotFound, PluginFailed],
      union: { description: 'The plugin, or why it was not started.' },
      result: { description: 'It has a process.' },
      dataField: { description: 'The plugin.' },
    },
    typeOptions: { description: 'The plugin to start.' },
    argOptions: { description: 'The plugin to start.' },
    input: { name: t.input.string({ required: true, description: nameDescription }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.plugins.warmUp(viewer, input.name);
    },
  }),
);
