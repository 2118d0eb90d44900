import { storedFiles, storedMetrics, unitOf, visibleTo, type VersionFile } from '@anneal/core';
import { BaseModelRef } from './base-model.ts';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';

const ModelVersionKind = builder.enumType('ModelVersionKind', {
  description: 'What the files of a version are.',
  values: {
    ADAPTER: { value: 'adapter', description: 'A PEFT folder with LoRA matrices, to be used together with its base model.' },
    MODEL: { value: 'model', description: 'A whole Hugging Face folder.' },
  } as const,
});

interface LinkedVersionFile extends VersionFile {
  /** Relative to the data folder. */
  folder: string;
}

const ModelVersionFileRef = builder.objectRef<LinkedVersionFile>('ModelVersionFile').implement({
  description: 'A file of a model version.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its path in the folder of the version: `adapter_model.safetensors`.' }),
    bytes: t.exposeFloat('bytes', { description: 'Its size, in bytes. A whole number.' }),
    sha256: t.exposeString('sha256', { description: 'SHA-256 of its content, hexadecimal.' }),
    url: t.string({
      description:
        'Where it can be fetched, below the address of the server. Signed: it works without a header for a quarter of an hour, for whoever has it.',
      resolve: ({ folder, name }, _args, { studio }) =>
        studio.links.to({ path: `${folder}/${name}`, fileName: name.slice(name.lastIndexOf('/') + 1) }),
    }),
  }),
});

const ModelVersionMetricRef = builder.objectRef<{ key: string; value: number }>('ModelVersionMetric').implement({
  description: 'What a metric of the run ended with.',
  fields: (t) => ({
    key: t.exposeString('key', { description: '`loss`, `evaluationLoss`, …' }),
    unit: t.string({ resolve: ({ key }) => unitOf(key), description: 'Unit of the value; empty for pure numbers.' }),
    value: t.exposeFloat('value', { description: 'Its last value.' }),
  }),
});

export const ModelVersion = builder.prismaNode('ModelVersion', {
  description: 'Weights that were trained, and what they were made from. It never changes.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, model: visibleTo(viewer) }),
  authScopes: ({ model }) => ({ member: model.projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, baseModelId: true, model: { select: { projectId: true } } },
  fields: (t) => ({
    model: t.relation('model', { description: 'The model that it is a version of.' }),
    number: t.exposeInt('number', { description: 'From 1, in the order in which they were made. A number is given once.' }),
    kind: t.field({
      type: ModelVersionKind,
      select: { kind: true },
      description: 'What its files are.',
      resolve: ({ kind }) => (kind === 'adapter' ? 'adapter' : 'model'),
    }),
    contentHash: t.exposeString('contentHash', {
      description:
        'SHA-256 over names and contents of its files, hexadecimal: of one line for each, `<its SHA-256>  <its name>\\n`, ordered by the bytes of the names. What `sha256sum` says of its own output.',
    }),
    bytes: t.exposeFloat('bytes', { description: 'Size of all its files, in bytes. A whole number.' }),
    files: t.field({
      type: [ModelVersionFileRef],
      select: { files: true, path: true },
      description: 'Its files, by name.',
      resolve: ({ files, path: folder }) => storedFiles(files).map((file) => ({ ...file, folder })),
    }),
    metrics: t.field({
      type: [ModelVersionMetricRef],
      select: { metrics: true },
      description: 'Last values of the metrics of its run. Empty for one that was made elsewhere.',
      resolve: ({ metrics }) => Object.entries(storedMetrics(metrics)).map(([key, value]) => ({ key, value })),
    }),
    config: t.expose('config', {
      type: 'JSON',
      nullable: true,
      description: 'The training configuration that it was made with; null for one that was made elsewhere.',
    }),
    notes: t.exposeString('notes', { description: 'What was written about it; may be empty.' }),
    step: t.exposeInt('step', {
      nullable: true,
      description: 'Optimizer steps after which its weights were saved; null for one that was made elsewhere.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    run: t.relation('run', {
      nullable: true,
      description: 'The run that made it; null for one that was made elsewhere, or when the run was deleted.',
    }),
    baseModel: t.loadable({
      type: BaseModelRef,
      nullable: true,
      description: 'The registered base model that it was trained from; null when it was none, or was deleted: see `config` then.',
      load: (ids: string[], { studio, viewer }) => studio.baseModels.findAll(viewer, ids),
      resolve: ({ baseModelId }) => baseModelId,
    }),
    datasetVersion: t.relation('datasetVersion', {
      nullable: true,
      description: 'The version of a dataset that it was trained on; null when it was none, or was deleted: see `config` then.',
    }),
    parent: t.relation('parent', { nullable: true, description: 'The version that its training started from; null for a fresh start.' }),
    aliases: t.stringList({
      select: { aliases: { select: { name: true }, orderBy: { name: 'asc' } } },
      description: 'Names that point to it now, in alphabetical order.',
      resolve: ({ aliases }) => aliases.map(({ name }) => name),
    }),
  }),
});

builder.queryField('modelVersion', (t) =>
  t.prismaField({
    type: ModelVersion,
    nullable: true,
    description: 'One version of a model: by alias, by number, or the newest; null when there is none.',
    args: {
      modelId: t.arg.id({ required: true, description: 'The model.' }),
      alias: t.arg.string({ description: 'The one that this alias points to.' }),
      number: t.arg.int({ description: 'The one with this number.' }),
    },
    resolve: (query, _root, { modelId, alias, number }, { studio, viewer }) =>
      studio.prisma.modelVersion.findFirst({
        ...query,
        where: {
          modelId: databaseId('Model', modelId),
          model: visibleTo(viewer),
          ...(alias != null && { aliases: { some: { name: alias } } }),
          ...(number != null && { number }),
        },
        orderBy: { number: 'desc' },
      }),
  }),
);
