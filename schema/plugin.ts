import { type InstalledPlugin, type PluginStatus, requireViewer, runForm, settingsForm, settingsShown, type Viewer } from '@anneal/core';
import { builder } from './builder.ts';
import { PluginKind, PluginLogLevel, PluginState } from './plugin-words.ts';

/** In person: keys see no more than members do. */
const isAdministrator = (viewer: Viewer | null): boolean => viewer?.isAdministrator === true && viewer.credential.kind !== 'apiKey';

const PluginPermissionsRef = builder
  .objectRef<{ network: boolean; nativeAddons: boolean; folders: boolean }>('PluginPermissions')
  .implement({
    description: 'What a plugin asks for in its manifest. Nobody gets to write files, to start processes, or to see the environment.',
    fields: (t) => ({
      network: t.exposeBoolean('network', { description: 'Connections to other machines. An administrator has to agree.' }),
      nativeAddons: t.exposeBoolean('nativeAddons', { description: 'Native code. Only plugins that come with the studio can have it.' }),
      folders: t.exposeBoolean('folders', {
        description: 'To read the folders of models. Only plugins that come with the studio can have it.',
      }),
    }),
  });

interface Limits {
  memoryMb: number;
  timeoutSeconds: number;
  concurrency: number;
  idleSeconds: number;
}

const PluginLimitsRef = builder.objectRef<Limits>('PluginLimits').implement({
  description: 'What a plugin may take. One that takes more is stopped.',
  fields: (t) => ({
    memoryMb: t.exposeInt('memoryMb', { description: 'Memory of its process, in MiB.' }),
    timeoutSeconds: t.exposeFloat('timeoutSeconds', {
      description: 'Time for one call, or between two pieces of an answer in pieces, in seconds.',
    }),
    concurrency: t.exposeInt('concurrency', { description: 'Calls at the same time; others wait.' }),
    idleSeconds: t.exposeFloat('idleSeconds', { description: 'Time without a call after which its process is ended, in seconds.' }),
  }),
});

const PluginErrorRef = builder.objectRef<NonNullable<PluginStatus['lastError']>>('PluginError').implement({
  description: 'Something that went wrong in a plugin.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'What went wrong, for programs: a `PluginFailureReason`, or the code of a model’s error.',
    }),
    message: t.exposeString('message', { description: 'The same for people. Secrets are not in it.' }),
    time: t.expose('time', { type: 'DateTime', description: 'When.' }),
  }),
});

const PluginLogLineRef = builder.objectRef<ReturnType<InstalledPlugin['logTail']>[number]>('PluginLogLine').implement({
  description: 'A line that a plugin has written.',
  fields: (t) => ({
    time: t.expose('time', { type: 'DateTime', description: 'When it was written.' }),
    level: t.expose('level', { type: PluginLogLevel, description: 'How important it is.' }),
    message: t.exposeString('message', { description: 'The text, with asterisks in place of secrets; at most 2,000 characters.' }),
  }),
});

const PluginStatusRef = builder.objectRef<InstalledPlugin>('PluginStatus').implement({
  description: 'How a plugin is doing on the server that answers. Administrators see it.',
  fields: (t) => ({
    problems: t.stringList({
      resolve: ({ status }) => [...status.problems],
      description: 'What keeps it from working, and what to do; empty: nothing.',
    }),
    pid: t.int({ nullable: true, resolve: ({ status }) => status.pid, description: 'Number of its process; null: it has none.' }),
    memoryBytes: t.float({
      nullable: true,
      resolve: ({ status }) => status.memoryBytes,
      description: 'Resident memory of its process, in bytes. A whole number; null where it is not known.',
    }),
    isolation: t.string({
      nullable: true,
      resolve: ({ status }) => status.isolation,
      description: 'What holds its process: `node` (the permission model), or `kernel` (namespaces of its own as well); null: it has none.',
    }),
    calls: t.int({ resolve: ({ status }) => status.calls, description: 'Calls since the server was started, or the plugin loaded anew.' }),
    failedCalls: t.int({ resolve: ({ status }) => status.failedCalls, description: 'Those of them that failed.' }),
    callsInFlight: t.int({ resolve: ({ status }) => status.callsInFlight, description: 'Calls that are under way.' }),
    lastError: t.field({
      type: PluginErrorRef,
      nullable: true,
      resolve: ({ status }) => status.lastError,
      description: 'What went wrong last; null: nothing has.',
    }),
    log: t.field({
      type: [PluginLogLineRef],
      args: { last: t.arg.int({ defaultValue: 50, description: 'Newest lines, at most 200.' }) },
      resolve: (plugin, { last }) => [...plugin.logTail(last ?? 50)],
      description: 'The newest lines of its log, the oldest of them first.',
    }),
  }),
});

const PluginSettingsRef = builder.objectRef<InstalledPlugin>('PluginSettings').implement({
  description: 'What an administrator has set. Secrets are not given back. Administrators see it.',
  fields: (t) => ({
    values: t.field({
      type: 'JSON',
      nullable: true,
      resolve: async (plugin) => (await settingsShown(plugin))?.values ?? null,
      description: 'Settings by name, secrets left out; null while the plugin cannot be asked which are secrets.',
    }),
    secretsSet: t.stringList({
      nullable: true,
      resolve: async (plugin) => (await settingsShown(plugin))?.secretsSet ?? null,
      description: 'Names of the secrets that are set; null while the plugin cannot be asked.',
    }),
    fromEnvironment: t.stringList({
      resolve: ({ fromEnvironment }) => [...fromEnvironment],
      description: 'Names of those that come from the environment of the server, because nobody has set them.',
    }),
  }),
});

export const PluginRef = builder.objectRef<InstalledPlugin>('Plugin').implement({
  description: 'A program that adds something to the studio, and runs in a process of its own that may do little.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, by which it is asked: that of its folder.' }),
    title: t.string({
      resolve: ({ name, manifest }) => manifest?.title ?? name,
      description: 'Its name for people.',
    }),
    kind: t.field({
      type: PluginKind,
      nullable: true,
      resolve: ({ manifest }) => manifest?.kind ?? null,
      description: 'What it adds; null while its manifest cannot be read.',
    }),
    version: t.string({
      nullable: true,
      resolve: ({ manifest }) => manifest?.version ?? null,
      description: 'Its version (semver.org); null while its manifest cannot be read.',
    }),
    description: t.string({ resolve: ({ manifest }) => manifest?.description ?? '', description: 'What it does.' }),
    author: t.string({ resolve: ({ manifest }) => manifest?.author ?? '', description: 'Who has made it.' }),
    tags: t.stringList({ resolve: ({ manifest }) => manifest?.tags ?? [], description: 'Words to find it by.' }),
    isBuiltIn: t.boolean({ resolve: ({ found }) => found.isBuiltIn, description: 'Whether it comes with the studio.' }),
    state: t.field({ type: PluginState, resolve: ({ status }) => status.state, description: 'How it stands, on the server that answers.' }),
    since: t.field({ type: 'DateTime', resolve: ({ status }) => status.since, description: 'Since when it stands so.' }),
    permissions: t.field({
      type: PluginPermissionsRef,
      nullable: true,
      resolve: ({ manifest }) => manifest?.permissions ?? null,
      description: 'What it asks for; null while its manifest cannot be read.',
    }),
    isNetworkAllowed: t.boolean({
      resolve: ({ decision, manifest }) => decision.isNetworkAllowed && manifest?.permissions.network === true,
      description: 'Whether it gets the network that it asks for.',
    }),
    limits: t.field({
      type: PluginLimitsRef,
      nullable: true,
      resolve: ({ manifest }) => manifest?.limits ?? null,
      description: 'What it may take; null while its manifest cannot be read.',
    }),
    inputSchema: t.field({
      type: 'JSON',
      nullable: true,
      resolve: async (plugin) => (await runForm(plugin))?.input ?? null,
      description:
        'JSON Schema (2020-12) of what `runPlugin` takes, to draw a form from; null for plugins that are not run by themselves, and while it is disabled or cannot be loaded.',
    }),
    outputSchema: t.field({
      type: 'JSON',
      nullable: true,
      resolve: async (plugin) => (await runForm(plugin))?.output ?? null,
      description: 'JSON Schema (2020-12) of what `runPlugin` gives; null as for the input.',
    }),
    settingsSchema: t.field({
      type: 'JSON',
      nullable: true,
      resolve: (plugin) => settingsForm(plugin),
      description:
        'JSON Schema (2020-12) of its settings; secrets have `"secret": true` and `"writeOnly": true`. Null while it is disabled or cannot be loaded.',
    }),
    settings: t.field({
      type: PluginSettingsRef,
      nullable: true,
      resolve: (plugin, _args, { viewer }) => (isAdministrator(viewer) ? plugin : null),
      description: 'What is set; null for all but administrators.',
    }),
    status: t.field({
      type: PluginStatusRef,
      nullable: true,
      resolve: (plugin, _args, { viewer }) => (isAdministrator(viewer) ? plugin : null),
      description: 'How it is doing; null for all but administrators.',
    }),
  }),
});

builder.queryField('plugins', (t) =>
  t.field({
    type: [PluginRef],
    description: 'The plugins of the studio, by name; those that cannot be used are among them.',
    args: { kind: t.arg({ type: PluginKind, description: 'Only these.' }) },
    resolve: (_root, { kind }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.plugins.list(viewer).filter(({ manifest }) => kind == null || manifest?.kind === kind);
    },
  }),
);

builder.queryField('plugin', (t) =>
  t.field({
    type: PluginRef,
    nullable: true,
    description: 'One plugin; null when there is none of that name.',
    args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
    resolve: (_root, { name }, { studio, viewer }) => studio.plugins.find(viewer, name),
  }),
);
