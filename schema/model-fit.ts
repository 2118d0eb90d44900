import type { DeviceFit } from '@anneal/core';
import { builder } from './builder.ts';

const TrainableKind = builder.enumType('TrainableKind', {
  description: 'What is trained, as `method.trainable` of a configuration has it.',
  values: {
    LORA: { value: 'lora', description: 'Low-rank matrices beside frozen weights.' },
    FULL: { value: 'full', description: 'Every weight.' },
  } as const,
});

const WeightStorage = builder.enumType('WeightStorage', {
  description: 'How frozen weights are kept in memory, as `model.storage` of a configuration has it.',
  values: {
    FLOAT32: { value: 'float32', description: 'Single precision.' },
    FLOAT16: { value: 'float16', description: 'Half precision: half the size.' },
    BFLOAT16: { value: 'bfloat16', description: 'Eight significant bits in the range of single precision: half the size.' },
    INT8: { value: 'int8', description: 'Eight bits: a quarter.' },
    NF4: { value: 'nf4', description: 'Four bits: an eighth (QLoRA).' },
  } as const,
});

const MethodFitRef = builder.objectRef<DeviceFit['methods'][number]>('MethodFit').implement({
  description: 'Whether one way of training a model fits into the memory of a device.',
  fields: (t) => ({
    trainable: t.expose('trainable', { type: TrainableKind, description: 'What is trained. LoRA: of rank 8 on all linear layers.' }),
    storage: t.expose('storage', { type: WeightStorage, description: 'How the frozen weights are kept.' }),
    memory: t.exposeFloat('memory', {
      description:
        'Estimated peak for one sequence of 512 tokens at a time with gradient checkpointing, in bytes. A whole number. Nothing was measured.',
    }),
    fits: t.exposeBoolean('fits', { description: 'Whether so much memory is free now.' }),
  }),
});

export const DeviceFitRef = builder.objectRef<DeviceFit>('DeviceFit').implement({
  description: 'What of a model can be trained on one device of this machine.',
  fields: (t) => ({
    device: t.exposeString('device', { description: '`cpu` or `cuda`, as `run.device` of a configuration has it.' }),
    index: t.exposeInt('index', { nullable: true, description: 'Which of the GPUs, from 0; null for the processor.' }),
    name: t.exposeString('name', { description: 'Of the processor or the GPU.' }),
    availableMemory: t.float({ resolve: ({ available }) => available, description: 'Memory that is free now, in bytes. A whole number.' }),
    missing: t.exposeString('missing', {
      nullable: true,
      description: 'What this studio lacks to train on it at all, and what to do; null when nothing is missing.',
    }),
    methods: t.field({
      type: [MethodFitRef],
      resolve: ({ methods }) => [...methods],
      description: 'LoRA with each way of keeping the weights, and training all of them.',
    }),
  }),
});
