import { Conflict, Invalid, NotFound, requireViewer, type VersionSource } from '@anneal/core';
import { z } from 'zod';
import { builder } from './builder.ts';
import { DatasetVersion } from './dataset-version.ts';
import { databaseId } from './global-id.ts';
import { selecting } from './selection.ts';

const UploadSource = builder.inputType('DatasetUploadSource', {
  description: 'A whole upload of yours.',
  fields: (t) => ({ uploadId: t.id({ required: true, description: 'An upload for datasets that is finished. It is used up.' }) }),
});

const VersionSourceInput = builder.inputType('DatasetVersionSource', {
  description: 'The content of another version, read in another way.',
  fields: (t) => ({ versionId: t.id({ required: true, description: 'A version of the same dataset.' }) }),
});

const UrlSource = builder.inputType('DatasetUrlSource', {
  description: 'A file on another server.',
  fields: (t) => ({
    url: t.string({
      required: true,
      description: 'https or http; of a host that whoever runs the studio allows (ALLOWED_URL_HOSTS), never of a private network.',
    }),
  }),
});

const HubSource = builder.inputType('DatasetHubSource', {
  description: 'A dataset on the Hugging Face Hub. The commit is settled when it is fetched, and kept in `origin`.',
  fields: (t) => ({
    id: t.string({ required: true, description: '`owner/name`, or `owner/name/folder` for a part of it.' }),
    revision: t.string({ description: 'Branch, tag or commit. Left out: main.' }),
    split: t.string({ description: 'The files whose name says so. Left out: train.' }),
    validationSplit: t.string({ description: 'The split that is held out: `validation`. Left out: none.' }),
  }),
});

const PathSource = builder.inputType('DatasetPathSource', {
  description: 'A file, or a folder of files, on the machine of the server. For administrators.',
  fields: (t) => ({ path: t.string({ required: true, description: 'Absolute. What is there now is copied.' }) }),
});

const DatasetSource = builder.inputType('DatasetSource', {
  description: 'Where a version comes from: one of them.',
  isOneOf: true,
  fields: (t) => ({
    upload: t.field({ type: UploadSource, description: 'A whole upload of yours.' }),
    version: t.field({ type: VersionSourceInput, description: 'The content of another version, read in another way.' }),
    url: t.field({ type: UrlSource, description: 'A file on another server.' }),
    hub: t.field({ type: HubSource, description: 'A dataset on the Hugging Face Hub.' }),
    path: t.field({ type: PathSource, description: 'A file or folder on the machine of the server. For administrators.' }),
  }),
});

interface Added {
  versionId: string;
  isNew: boolean;
}

const AddedDatasetVersion = builder.objectRef<Added>('AddedDatasetVersion').implement({
  description: 'A version, and whether it was there before.',
  fields: (t) => ({
    version: t.prismaField({
      type: DatasetVersion,
      description: 'The version.',
      resolve: (query, { versionId }, _args, { studio }) =>
        studio.prisma.datasetVersion.findUniqueOrThrow({ ...selecting(query), where: { id: versionId } }),
    }),
    isNew: t.exposeBoolean('isNew', {
      description:
        'False: the dataset has this very content already, read in the same way; this is the version that has it, and none was added.',
    }),
  }),
});

const columnMap = z.record(z.string(), z.string());

/** @throws Invalid */
function columnsOf(value: unknown): Record<string, string> | undefined {
  if (value === null || value === undefined) return undefined;
  const parsed = columnMap.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = 'A column map is an object of texts: {"instruction": "question", "output": "answer"}.';
  throw new Invalid(message, [{ path: 'columns', message }]);
}

function sourceOf({ upload, version, url, hub, path }: typeof DatasetSource.$inferInput): VersionSource {
  if (upload) return { upload: { uploadId: databaseId('Upload', upload.uploadId) } };
  if (version) return { version: { versionId: databaseId('DatasetVersion', version.versionId) } };
  if (url) return { url };
  if (hub)
    return {
      hub: {
        id: hub.id,
        revision: hub.revision ?? undefined,
        split: hub.split ?? undefined,
        validationSplit: hub.validationSplit ?? undefined,
      },
    };
  return { path };
}

builder.mutationField('addDatasetVersion', (t) =>
  t.fieldWithInput({
    type: AddedDatasetVersion,
    description:
      'Adds a version to a dataset. Its file is fetched and every row looked at in the background; `state` tells when that is done.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The version, or why there is none.' },
      result: { description: 'The version is there.' },
      dataField: { description: 'The version, and whether it is a new one.' },
    },
    typeOptions: { description: 'The version to add.' },
    argOptions: { description: 'The version to add.' },
    input: {
      datasetId: t.input.id({ required: true, description: 'The dataset.' }),
      source: t.input.field({ type: DatasetSource, required: true, description: 'Where it comes from.' }),
      format: t.input.string({ description: 'How rows are read, as `data.format` of a configuration. Left out: detected.' }),
      columns: t.input.field({
        type: 'JSON',
        description: 'Column of the file for each field of the format that has another name there: `{"instruction": "question"}`.',
      }),
      validationShare: t.input.float({
        description:
          "Share of the rows that runs hold out, 0 to 0.5; which ones, the seed of the run decides. Left out: each run's configuration says it.",
      }),
      baseModelId: t.input.id({ description: 'The model whose tokenizer counts for `statistics`. Left out: the bundled one.' }),
      notes: t.input.string({ description: 'At most 10,000 characters.' }),
    },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { version, isNew } = await studio.datasetVersions.add(viewer, {
        datasetId: databaseId('Dataset', input.datasetId),
        source: sourceOf(input.source),
        format: input.format ?? undefined,
        columns: columnsOf(input.columns),
        validationShare: input.validationShare ?? undefined,
        baseModelId: input.baseModelId == null ? undefined : databaseId('BaseModel', input.baseModelId),
        notes: input.notes ?? undefined,
      });
      return { versionId: version.id, isNew };
    },
  }),
);

builder.mutationField('updateDatasetVersion', (t) =>
  t.prismaFieldWithInput({
    type: DatasetVersion,
    description: 'Changes the notes on a version.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The version, or why nothing was changed.' },
      result: { description: 'The notes were changed.' },
      dataField: { description: 'The version as it is now.' },
    },
    typeOptions: { description: 'What to change.' },
    argOptions: { description: 'What to change.' },
    input: {
      versionId: t.input.id({ required: true, description: 'The version.' }),
      notes: t.input.string({ required: true, description: 'At most 10,000 characters; may be empty.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('DatasetVersion', input.versionId);
      await studio.datasetVersions.update(viewer, id, { notes: input.notes });
      return studio.prisma.datasetVersion.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteDatasetVersion', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes a version, and its files where no other version has the same content.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The version is gone. Its number is not given again.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The version to delete.' },
    argOptions: { description: 'The version to delete.' },
    input: { versionId: t.input.id({ required: true, description: 'A version that no run uses which has not ended.' }) },
    resolve: async (_root, { input: { versionId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.datasetVersions.delete(viewer, databaseId('DatasetVersion', versionId));
      return versionId;
    },
  }),
);
