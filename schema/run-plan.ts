import { Conflict, Invalid, NotFound, requireViewer, type RunPlan, Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { withFormPaths } from './form-paths.ts';
import { optionalId } from './global-id.ts';
import { projectFor } from './project-argument.ts';

type Memory = RunPlan['memory'];

const MemoryPartsRef = builder.objectRef<Memory['parts']>('PlannedMemoryParts').implement({
  description: 'Where the memory of a training process goes. Bytes, whole numbers.',
  fields: (t) => ({
    weights: t.exposeFloat('weights', { description: 'Weights that do not change, in bytes.' }),
    trained: t.exposeFloat('trained', { description: 'What is trained: the adapter, or the weights themselves. Bytes.' }),
    optimizer: t.exposeFloat('optimizer', { description: 'Gradients, and what the optimizer remembers. Bytes.' }),
    activations: t.exposeFloat('activations', { description: 'Results that wait for the backward pass, but for the logits. Bytes.' }),
    logits: t.exposeFloat('logits', { description: 'Logits of the positions that are looked at together. Bytes.' }),
    runtime: t.exposeFloat('runtime', { description: 'Program, dataset, compiled graphs, and what allocation loses. Bytes.' }),
  }),
});

const SmallerSettingRef = builder.objectRef<Memory['smaller'][number]>('SmallerSetting').implement({
  description: 'What a run would need with one setting changed.',
  fields: (t) => ({
    setting: t.exposeString('setting', { description: 'Dotted path in the configuration: `schedule.batchSize`.' }),
    value: t.exposeString('value', { description: 'What it would be set to.' }),
    peakMemory: t.exposeFloat('peakMemory', { description: 'Highest memory then, in bytes.' }),
  }),
});

const PlannedMemoryRef = builder.objectRef<Memory>('PlannedMemory').implement({
  description: 'The memory that a run will need.',
  fields: (t) => ({
    peak: t.exposeFloat('peak', { description: 'Highest resident memory of the training process, in bytes.' }),
    parts: t.field({ type: MemoryPartsRef, resolve: ({ parts }) => parts, description: 'Where it goes.' }),
    available: t.exposeFloat('available', { description: 'What is free on this machine now, in bytes.' }),
    fits: t.exposeBoolean('fits', { description: 'Whether it is enough.' }),
    smaller: t.field({ type: [SmallerSettingRef], resolve: ({ smaller }) => [...smaller], description: 'Settings that need less.' }),
  }),
});

const PlannedTimeRef = builder.objectRef<RunPlan['time']>('PlannedTime').implement({
  description: 'How long a run will take.',
  fields: (t) => ({
    perStep: t.exposeFloat('perStep', { description: 'Seconds of a step in the mean.' }),
    steps: t.exposeInt('steps', { description: 'Optimizer steps.' }),
    evaluations: t.exposeInt('evaluations', { description: 'How often the evaluation loss is measured.' }),
    total: t.exposeFloat('total', { description: 'Seconds of the whole run: compiling, steps, evaluations.' }),
    isMeasured: t.exposeBoolean('isMeasured', {
      description:
        'Whether steps were timed on this machine. Otherwise they would have taken too long, and times follow from the rate of its matrix products.',
    }),
  }),
});

const PlannedDiskRef = builder.objectRef<RunPlan['disk']>('PlannedDisk').implement({
  description: 'What a run will write. Bytes.',
  fields: (t) => ({
    checkpoints: t.exposeFloat('checkpoints', { description: 'All that are kept at the same time, in bytes.' }),
    artifact: t.exposeFloat('artifact', { description: 'The adapter, or the model, in bytes.' }),
    storedWeights: t.exposeFloat('storedWeights', { description: 'Weights in a smaller form, kept for the next start. Bytes.' }),
    total: t.exposeFloat('total', { description: 'All of it, in bytes.' }),
    available: t.exposeFloat('available', {
      nullable: true,
      description: 'What is free on the disk of the studio, in bytes; null when unknown.',
    }),
  }),
});

const RunPlanRef = builder.objectRef<RunPlan>('RunPlan').implement({
  description: 'What a run will take, found out before it starts.',
  fields: (t) => ({
    parameters: t.exposeFloat('parameters', { description: 'Weights of the whole model. A whole number.' }),
    trainableParameters: t.exposeFloat('trainableParameters', { description: 'Weights that are trained. A whole number.' }),
    device: t.exposeString('device', { description: 'What the steps are computed on: `cpu`, `cuda`, …' }),
    memory: t.field({ type: PlannedMemoryRef, resolve: ({ memory }) => memory, description: 'Memory.' }),
    time: t.field({ type: PlannedTimeRef, resolve: ({ time }) => time, description: 'Time.' }),
    disk: t.field({ type: PlannedDiskRef, resolve: ({ disk }) => disk, description: 'Disk.' }),
    rows: t.float({ resolve: ({ dataset }) => dataset.rows, description: 'Rows of the dataset. A whole number.' }),
    rowsAreCounted: t.boolean({
      resolve: ({ dataset }) => dataset.isCounted,
      description: 'Whether they were counted. Otherwise their number is estimated from a sample and the size of the files.',
    }),
    cost: t.exposeFloat('cost', { nullable: true, description: 'What it will cost, in the currency of the price; null without a price.' }),
    warnings: t.stringList({ resolve: ({ warnings }) => [...warnings], description: 'What stands in the way, and what to change.' }),
  }),
});

const RunPlanInput = builder.inputType('RunPlanInput', {
  description: 'The run to plan, as `startRun` takes it.',
  fields: (t) => ({
    projectId: t.id({ description: 'The project that it would belong to. Left out: your first one.' }),
    datasetVersionId: t.id({ description: 'A version of a dataset, in place of `data.path`.' }),
    baseModelId: t.id({ description: 'A base model, in place of `model.base`.' }),
    config: t.field({ type: 'JSON', description: 'Any part of a training configuration; what is left out takes its default.' }),
    pricePerHour: t.float({
      description: 'What an hour of this machine costs, in any currency; at least 0. Left out: the cost is not told.',
    }),
  }),
});

builder.queryField('runPlan', (t) =>
  t.field({
    type: RunPlanRef,
    description:
      'Memory, time, disk and cost of a run before it starts. The first time for such a run a slice of the model is trained for some ten seconds on this machine; after that it takes moments.',
    complexity: 50,
    errors: {
      types: [Invalid, NotFound, Conflict, Unavailable],
      union: { description: 'The plan, or why there is none.' },
      result: { description: 'The run was planned.' },
      dataField: { description: 'What it will take.' },
    },
    args: { input: t.arg({ type: RunPlanInput, required: true, description: 'The run to plan.' }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return withFormPaths(() =>
        studio.plans.plan(viewer, {
          projectId: projectFor(viewer, input.projectId),
          datasetVersionId: optionalId('DatasetVersion', input.datasetVersionId),
          baseModelId: optionalId('BaseModel', input.baseModelId),
          config: input.config ?? {},
          pricePerHour: input.pricePerHour ?? undefined,
        }),
      );
    },
  }),
);
