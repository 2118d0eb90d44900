import { Conflict, Invalid, NotFound, requireViewer, type FileProblem } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId, optionalId } from './global-id.ts';
import { ModelVersion } from './model-version.ts';
import { selecting } from './selection.ts';

builder.mutationField('createModelVersion', (t) =>
  t.prismaFieldWithInput({
    type: ModelVersion,
    description:
      'Makes the next version of a model, of what an ended run has saved or of uploaded files. Name one of `runId`, `artifactId` and `uploadIds`.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new version, or why there is none.' },
      result: { description: 'The version was made.' },
      dataField: { description: 'The new version.' },
    },
    typeOptions: { description: 'What the version is made of.' },
    argOptions: { description: 'What the version is made of.' },
    input: {
      modelId: t.input.id({ required: true, description: 'The model.' }),
      runId: t.input.id({ description: 'An ended run of the same project: its last artifact.' }),
      artifactId: t.input.id({ description: 'One artifact of an ended run of the same project.' }),
      uploadIds: t.input.idList({
        description:
          'Whole uploads for a model, one a file: adapter_config.json and adapter_model.safetensors, or config.json, tokenizer.json and safetensors. The names of the uploads are those of the files.',
      }),
      notes: t.input.string({ description: 'What is to be said about it; at most 10,000 characters.' }),
      alias: t.input.string({ description: 'Lets this alias point to it: 1 to 40 of `a-z`, `0-9` and `-`.' }),
      parentId: t.input.id({
        description: 'The version that it was trained further from. Left out: found by the adapter that the run started from.',
      }),
      baseModelId: t.input.id({ description: 'The registered base model of uploaded files; that of a run is known.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.modelVersions.create(viewer, {
        modelId: databaseId('Model', input.modelId),
        runId: optionalId('Run', input.runId),
        artifactId: optionalId('Artifact', input.artifactId),
        uploadIds: input.uploadIds?.map((uploadId) => databaseId('Upload', uploadId)),
        notes: input.notes ?? undefined,
        alias: input.alias ?? undefined,
        parentId: optionalId('ModelVersion', input.parentId),
        baseModelId: optionalId('BaseModel', input.baseModelId),
      });
      return studio.prisma.modelVersion.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteModelVersion', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes a version and its files. Its number is not given again.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The version is gone.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The version to delete.' },
    argOptions: { description: 'The version to delete.' },
    input: {
      versionId: t.input.id({
        required: true,
        description: 'A version that no alias points to, and that no run which has not ended starts from.',
      }),
    },
    resolve: async (_root, { input: { versionId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.modelVersions.delete(viewer, databaseId('ModelVersion', versionId));
      return versionId;
    },
  }),
);

const FileProblemKind = builder.enumType('FileProblemKind', {
  description: 'What is wrong with a file.',
  values: {
    MISSING: { description: 'It is not there any more.' },
    CHANGED: { description: 'Its content is another one.' },
    ADDED: { description: 'It was not part of the version.' },
  } as const,
});

const FileProblemRef = builder.objectRef<FileProblem>('FileProblem').implement({
  description: 'A file of a version that is not as it was.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its path in the folder of the version.' }),
    kind: t.expose('kind', { type: FileProblemKind, description: 'What is wrong with it.' }),
  }),
});

builder.mutationField('verifyModelVersion', (t) =>
  t.fieldWithInput({
    type: [FileProblemRef],
    description:
      'Reads all files of a version again and compares them with what they were. Takes seconds for each gigabyte. Changes nothing.',
    errors: {
      types: [NotFound],
      union: { description: 'What was found, or why nothing was looked at.' },
      result: { description: 'The files were read.' },
      dataField: { description: 'The files that are not as they were. Empty: the version is intact.' },
    },
    typeOptions: { description: 'The version to verify.' },
    argOptions: { description: 'The version to verify.' },
    input: { versionId: t.input.id({ required: true, description: 'The version.' }) },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.modelVersions.verify(viewer, databaseId('ModelVersion', input.versionId));
    },
  }),
);
