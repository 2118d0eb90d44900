import { visibleTo } from '@anneal/core';
import { builder } from './builder.ts';

export const UploadPurpose = builder.enumType('UploadPurpose', {
  description: 'What an upload is for.',
  values: {
    DATASET: { description: 'A file of rows, for a version of a dataset.' },
    MODEL: { description: 'A file of a model.' },
  } as const,
});

export const Upload = builder.prismaNode('Upload', {
  description: 'A file on its way in. Its bytes go to `url`, in as many pieces as wanted, by the tus resumable upload protocol 1.0.0.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  // Whose it is: its address lets whoever knows it write.
  findUnique: (id, { viewer }) => ({ id, userId: viewer?.userId ?? '', ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true },
  fields: (t) => ({
    fileName: t.exposeString('fileName', { description: 'What it is called. A label: files on the server have other names.' }),
    purpose: t.expose('purpose', { type: UploadPurpose, description: 'What it is for.' }),
    bytes: t.exposeFloat('bytes', { description: 'Size of the whole file, in bytes. A whole number.' }),
    offset: t.exposeFloat('received', {
      description: 'How much has come, in bytes; a moment old. To go on after a cut, ask `url` itself (HEAD).',
    }),
    sha256: t.exposeString('sha256', {
      nullable: true,
      description: 'SHA-256 of the whole file, hexadecimal: as announced, and once it is whole as it is. Null until either is known.',
    }),
    isFinished: t.boolean({
      select: { finishedAt: true },
      resolve: ({ finishedAt }) => finishedAt !== null,
      description: 'Whether all of it has come, and its checksum is right.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was announced.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it is removed, unless something was made of it.' }),
    url: t.string({
      nullable: true,
      select: { expiresAt: true },
      description:
        'Signed address for the bytes, to be put behind that of the server: `/files/uploads/…`. Whoever has it may write until `expiresAt`. Null for API keys that may not write.',
      resolve: ({ id, expiresAt }, _args, { studio, viewer }) =>
        viewer?.scopes.has('write') ? studio.uploads.addressOf({ id, expiresAt }) : null,
    }),
  }),
});

builder.queryField('upload', (t) =>
  t.prismaField({
    type: Upload,
    nullable: true,
    description: 'An upload of yours; null when it is gone: expired, cancelled, or used.',
    args: { id: t.arg.globalID({ required: true, for: Upload, description: 'Its global id.' }) },
    resolve: (query, _root, { id }, { studio, viewer }) =>
      studio.prisma.upload.findUnique({ ...query, where: { id: id.id, userId: viewer?.userId ?? '', ...visibleTo(viewer) } }),
  }),
);
