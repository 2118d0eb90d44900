import { Conflict, Invalid, NotFound, requireViewer, Unavailable } from '@anneal/core';
import { BaseModelRef } from './base-model.ts';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { projectFor } from './project-argument.ts';

builder.mutationField('registerBaseModel', (t) =>
  t.fieldWithInput({
    type: BaseModelRef,
    description: 'Registers a model folder on the machine of the server: one in DATA_DIR/models, or for administrators any.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The registered model, or why there is none.' },
      result: { description: 'The folder was registered. It stays where it is.' },
      dataField: { description: 'The registered model.' },
    },
    typeOptions: { description: 'The folder to register.' },
    argOptions: { description: 'The folder to register.' },
    input: {
      projectId: t.input.id({ description: 'The project it is for. Left out: your first one.' }),
      path: t.input.string({
        required: true,
        description:
          'A Hugging Face folder with config.json, tokenizer.json and safetensors: absolute, or relative to the data folder (`models/my-model`).',
      }),
      name: t.input.string({ description: '1 to 100 characters, unique in the project. Left out: the name of the folder.' }),
    },
    resolve: (_root, { input: { projectId, path, name } }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.baseModels.register(viewer, { projectId: projectFor(viewer, projectId), path, name: name ?? undefined });
    },
  }),
);

builder.mutationField('downloadBaseModel', (t) =>
  t.fieldWithInput({
    type: BaseModelRef,
    description:
      'Registers a model of the Hugging Face Hub and begins to download it: configuration, tokenizer and safetensors, never what could run code. Follow it with `baseModelDownload`.',
    errors: {
      types: [Invalid, NotFound, Conflict, Unavailable],
      union: { description: 'The model on its way, or why there is none.' },
      result: { description: 'The download has begun.' },
      dataField: { description: 'The model on its way.' },
    },
    typeOptions: { description: 'What to download.' },
    argOptions: { description: 'What to download.' },
    input: {
      projectId: t.input.id({ description: 'The project it is for. Left out: your first one.' }),
      hubId: t.input.string({ required: true, description: 'Its id on the Hub: `HuggingFaceTB/SmolLM2-135M`.' }),
      revision: t.input.string({ description: 'Branch, tag or commit. Left out: `main`.' }),
      name: t.input.string({ description: '1 to 100 characters, unique in the project. Left out: its id on the Hub.' }),
    },
    resolve: (_root, { input: { projectId, hubId, revision, name } }, { studio, viewer }) => {
      requireViewer(viewer);
      const wanted = { hubId, revision: revision ?? undefined, name: name ?? undefined };
      return studio.baseModels.download(viewer, { ...wanted, projectId: projectFor(viewer, projectId) });
    },
  }),
);

builder.mutationField('cancelBaseModelDownload', (t) =>
  t.fieldWithInput({
    type: BaseModelRef,
    description: 'Ends a download. What has come is kept for `resumeBaseModelDownload`.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The model, or why its download cannot be ended.' },
      result: { description: 'The download was ended.' },
      dataField: { description: 'The model, FAILED now.' },
    },
    typeOptions: { description: 'The download to end.' },
    argOptions: { description: 'The download to end.' },
    input: { baseModelId: t.input.id({ required: true, description: 'The model that is on its way.' }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.baseModels.cancelDownload(viewer, databaseId('BaseModel', input.baseModelId));
    },
  }),
);

builder.mutationField('resumeBaseModelDownload', (t) =>
  t.fieldWithInput({
    type: BaseModelRef,
    description: 'Goes on with a download that failed or was cancelled, where it was.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The model on its way, or why there is nothing to download.' },
      result: { description: 'The download goes on.' },
      dataField: { description: 'The model on its way.' },
    },
    typeOptions: { description: 'The download to go on with.' },
    argOptions: { description: 'The download to go on with.' },
    input: { baseModelId: t.input.id({ required: true, description: 'The model whose download failed.' }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.baseModels.resumeDownload(viewer, databaseId('BaseModel', input.baseModelId));
    },
  }),
);

builder.mutationField('deleteBaseModel', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description:
      'Forgets a registered model. What was downloaded for it is removed unless another project uses it; a folder of the server stays.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The model is gone.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The model to delete.' },
    argOptions: { description: 'The model to delete.' },
    input: { baseModelId: t.input.id({ required: true, description: 'A registered model that no run which has not ended starts from.' }) },
    resolve: async (_root, { input: { baseModelId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.baseModels.delete(viewer, databaseId('BaseModel', baseModelId));
      return baseModelId;
    },
  }),
);
