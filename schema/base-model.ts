import { requireRole, requireViewer, type BaseModel } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { DeviceFitRef } from './model-fit.ts';

const BaseModelSource = builder.enumType('BaseModelSource', {
  description: 'Where a base model comes from.',
  values: {
    BUNDLED: { description: 'It comes with the studio.' },
    FOLDER: { description: 'A folder on the machine of the server.' },
    HUB: { description: 'Downloaded from the Hugging Face Hub.' },
  } as const,
});

const BaseModelState = builder.enumType('BaseModelState', {
  description: 'Whether a base model can be used.',
  values: {
    DOWNLOADING: { description: 'It is on its way.' },
    READY: { description: 'Its files are here. See `problem` for whether they can be used.' },
    FAILED: { description: 'Its download failed or was cancelled; `problem` says why.' },
  } as const,
});

/** Known once the files are here. */
const whenReady = <T>(value: T): T | null => value || null;

const BaseModelObject = builder.objectRef<BaseModel>('BaseModel');

export const BaseModelRef = builder.node(BaseModelObject, {
  description: 'A model that training can start from.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  brandLoadedObjects: true,
  loadManyWithoutCache: (ids, { studio, viewer }) => studio.baseModels.findAll(viewer, ids),
  authScopes: ({ projectId }) => (projectId === null ? true : { member: projectId }),
  fields: (t) => ({
    name: t.exposeString('name', {
      description: '`bundled`, the name of its folder in DATA_DIR/models, or the one that it was registered under.',
    }),
    source: t.expose('source', { type: BaseModelSource, description: 'Where it comes from.' }),
    state: t.expose('state', { type: BaseModelState, description: 'Whether it can be used.' }),
    path: t.string({
      nullable: true,
      description:
        'Its folder on the machine of the server, which `model.base` of a configuration takes. Null for those who may not know it: they start runs by `id`.',
      resolve: ({ path }, _args, { viewer }) => (viewer?.isAdministrator ? path : null),
    }),
    isRegistered: t.boolean({
      description: 'Whether it belongs to a project. The others are there for everybody, and cannot be deleted here.',
      resolve: ({ projectId }) => projectId !== null,
    }),
    hubId: t.exposeString('hubId', { nullable: true, description: 'Its id on the Hugging Face Hub; null when it is not from there.' }),
    revision: t.exposeString('revision', { nullable: true, description: 'Branch, tag or commit of the Hub that was asked for.' }),
    commit: t.exposeString('commit', { nullable: true, description: 'The commit that this was then: 40 hexadecimal digits.' }),
    architecture: t.exposeString('architecture', {
      description: 'Model family, such as `llama` or `gpt2`. Empty when it cannot be used.',
    }),
    parameters: t.exposeFloat('parameters', { description: 'Number of weights. A whole number.' }),
    bytes: t.exposeFloat('bytes', {
      description: 'Size of the weight files; of all files while they are being downloaded. Bytes, a whole number.',
    }),
    receivedBytes: t.exposeFloat('receivedBytes', { description: 'What is here of `bytes`. A whole number.' }),
    dtype: t.string({
      nullable: true,
      resolve: ({ dtype }) => whenReady(dtype),
      description: 'What most of its weights are stored as: `BF16`, `F32`. Null until it can be used.',
    }),
    contextLength: t.int({
      nullable: true,
      resolve: ({ contextLength }) => whenReady(contextLength),
      description: 'Longest sequence that it is made for, in tokens. Null until it can be used.',
    }),
    vocabularySize: t.int({
      nullable: true,
      resolve: ({ vocabularySize }) => whenReady(vocabularySize),
      description: 'Tokens that it knows. Null until it can be used.',
    }),
    hasChatTemplate: t.exposeBoolean('hasChatTemplate', { description: 'Whether it says how conversations are put into text.' }),
    problem: t.exposeString('problem', { nullable: true, description: 'Why it cannot be used, and what to do; null when it can.' }),
    fits: t.field({
      type: [DeviceFitRef],
      description: 'Which ways of training it fit into the memory of this machine, a device each. Empty while it cannot be used.',
      resolve: (model, _args, { studio }) => studio.baseModels.fits(model),
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was registered; null for one that needs no registration.',
    }),
  }),
});

builder.queryField('baseModels', (t) =>
  t.field({
    type: [BaseModelRef],
    description:
      'Models that training can start from: the bundled one, folders in DATA_DIR/models, and those that projects have registered.',
    args: { projectId: t.arg.id({ description: 'Registered ones of this project only. Left out: of all your projects.' }) },
    resolve: (_root, { projectId }, { studio, viewer }) => {
      requireViewer(viewer);
      if (projectId == null) return studio.baseModels.list(viewer);
      const id = databaseId('Project', projectId);
      requireRole(viewer, { projectId: id, role: 'VIEWER', scope: 'read' });
      return studio.baseModels.list(viewer, id);
    },
  }),
);

builder.queryField('baseModel', (t) =>
  t.field({
    type: BaseModelRef,
    nullable: true,
    description: 'One model that training can start from; null when there is none.',
    args: { id: t.arg.id({ required: true, description: 'Its global id.' }) },
    resolve: (_root, { id }, { studio, viewer }) => studio.baseModels.find(viewer, databaseId('BaseModel', id)),
  }),
);
