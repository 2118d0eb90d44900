import { Invalid, LimitExceeded, NotFound, requireViewer, Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { projectFor } from './project-argument.ts';
import { selecting } from './selection.ts';
import { Upload, UploadPurpose } from './upload.ts';

builder.mutationField('createUpload', (t) =>
  t.prismaFieldWithInput({
    type: Upload,
    description: 'Announces a file. Its bytes then go to the `url` of the upload, never through GraphQL.',
    errors: {
      types: [Invalid, NotFound, LimitExceeded, Unavailable],
      union: { description: 'The new upload, or why there is none.' },
      result: { description: 'The file may be sent.' },
      dataField: { description: 'The new upload.' },
    },
    typeOptions: { description: 'The file to send.' },
    argOptions: { description: 'The file to send.' },
    input: {
      projectId: t.input.id({ description: 'The project it is for. Left out: your first one.' }),
      fileName: t.input.string({ required: true, description: 'Its name, without folders: 1 to 255 characters. A label.' }),
      bytes: t.input.float({ required: true, description: 'Size of the whole file, in bytes. A whole number, at least 1.' }),
      sha256: t.input.string({
        description: 'SHA-256 of the whole file, hexadecimal. A file that turns out to have another one is removed.',
      }),
      purpose: t.input.field({ type: UploadPurpose, required: true, description: 'What it is for.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { fileName, bytes, sha256, purpose } = input;
      const projectId = projectFor(viewer, input.projectId);
      const { id } = await studio.uploads.create(viewer, { projectId, fileName, bytes, purpose, sha256: sha256 ?? undefined });
      return studio.prisma.upload.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('cancelUpload', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Gives an upload up and removes what has come of it.',
    errors: {
      types: [NotFound],
      union: { description: 'What was given up, or why it is still there.' },
      result: { description: 'The upload is gone.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The upload to give up.' },
    argOptions: { description: 'The upload to give up.' },
    input: { uploadId: t.input.id({ required: true, description: 'The upload to give up.' }) },
    resolve: async (_root, { input: { uploadId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.uploads.cancel(viewer, databaseId('Upload', uploadId));
      return uploadId;
    },
  }),
);
