import { listBaseModels, type BaseModel } from '@anneal/core';
import { builder } from './builder.ts';

const BaseModelRef = builder.objectRef<BaseModel>('BaseModel').implement({
  description: 'A model folder that can be fine-tuned.',
  fields: (t) => ({
    name: t.exposeString('name', { description: '`bundled`, or the name of its folder in DATA_DIR/models.' }),
    path: t.exposeString('path', { description: 'Its folder on the machine of the server: what `model.base` of a configuration takes.' }),
    architecture: t.exposeString('architecture', {
      description: 'Model family, such as `llama` or `gpt2`. Empty when the folder cannot be used.',
    }),
    parameters: t.exposeFloat('parameters', { description: 'Number of weights. A whole number.' }),
    bytes: t.exposeFloat('bytes', { description: 'Size of the weight files, in bytes. A whole number.' }),
    problem: t.exposeString('problem', { nullable: true, description: 'Why it cannot be used, and what to do; null when it can.' }),
  }),
});

builder.queryField('baseModels', (t) =>
  t.field({
    type: [BaseModelRef],
    description: 'Model folders that can be fine-tuned: the bundled one and those in DATA_DIR/models.',
    resolve: (_root, _args, { studio }) => listBaseModels(studio.config.dataFolder),
  }),
);
