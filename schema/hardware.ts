import type { GpuUsage, HardwareSample } from '@anneal/core';
import { builder } from './builder.ts';
import { sameForAll, stoppable } from './stream.ts';

const GpuUsageRef = builder.objectRef<GpuUsage>('GpuUsage').implement({
  description: 'How busy an NVIDIA GPU is, as its driver tells.',
  extensions: sameForAll,
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Its number, which `CUDA_VISIBLE_DEVICES` takes.' }),
    name: t.exposeString('name', { description: 'Its name: `NVIDIA H200`.' }),
    usage: t.exposeFloat('usage', {
      nullable: true,
      description: 'Share of the time in which it computed, 0 to 1; null where it does not tell.',
    }),
    memory: t.exposeFloat('memory', {
      nullable: true,
      description: 'Its memory, in bytes. A whole number; null where it has none of its own.',
    }),
    usedMemory: t.exposeFloat('usedMemory', {
      nullable: true,
      description: 'Memory that is taken, in bytes. A whole number; null where it does not tell.',
    }),
    temperature: t.exposeFloat('temperature', { nullable: true, description: 'In °C; null where it does not tell.' }),
    power: t.exposeFloat('power', { nullable: true, description: 'What it draws, in watts; null where it does not tell.' }),
  }),
});

const HardwareSampleRef = builder.objectRef<HardwareSample>('HardwareSample').implement({
  description: 'How busy the machine of the server is.',
  extensions: sameForAll,
  fields: (t) => ({
    time: t.expose('time', { type: 'DateTime', description: 'When it was measured.' }),
    cpuUsage: t.float({
      resolve: ({ cores }) => (cores.length > 0 ? cores.reduce((sum, share) => sum + share, 0) / cores.length : 0),
      description: 'Share of the time in which the cores computed since the sample before, on average over all, 0 to 1.',
    }),
    cores: t.exposeFloatList('cores', { description: 'The same for each core, 0 to 1.' }),
    loadAverage: t.exposeFloatList('loadAverage', {
      description: 'Processes that computed or waited for a core, on average over 1, 5 and 15 minutes. Zeros on Windows.',
    }),
    memory: t.float({
      resolve: ({ memory }) => memory.total,
      description: 'Main memory that may be used, in bytes. A whole number: the limit of the container where there is one.',
    }),
    availableMemory: t.float({ resolve: ({ memory }) => memory.available, description: 'What of it is free, in bytes. A whole number.' }),
    disk: t.float({
      resolve: ({ disk }) => disk.total,
      description: 'Size of the file system of the data folder, in bytes. A whole number.',
    }),
    availableDisk: t.float({ resolve: ({ disk }) => disk.available, description: 'What of it is free, in bytes. A whole number.' }),
    serverMemory: t.exposeFloat('serverMemory', { description: 'Resident memory of the server itself, in bytes. A whole number.' }),
    gpus: t.field({ type: [GpuUsageRef], resolve: ({ gpus }) => gpus, description: 'The NVIDIA GPUs; empty where there are none.' }),
  }),
});

builder.queryField('hardware', (t) =>
  t.field({
    type: HardwareSampleRef,
    description: 'How busy the machine of the server is now: the last sample, at most half a second old.',
    resolve: (_root, _args, { studio }) => studio.hardware.sample(),
  }),
);

builder.subscriptionField('hardware', (t) =>
  t.field({
    type: HardwareSampleRef,
    description:
      'How busy the machine of the server is: a sample at once, and then one every so many seconds. A reader that falls far behind goes on with the newest one. Has no cursor and no end.',
    args: { everySeconds: t.arg.int({ defaultValue: 2, description: 'Seconds between two samples, 1 to 60.' }) },
    subscribe: (_root, { everySeconds }, { studio }) => stoppable((signal) => studio.hardware.follow(everySeconds ?? 2, { signal })),
    resolve: (sample) => sample,
  }),
);
