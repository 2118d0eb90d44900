import type { RunFile } from '@anneal/core';
import { builder } from './builder.ts';

export const RunFileRef = builder.objectRef<RunFile>('RunFile').implement({
  description: 'A file that a run has left behind.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; with slashes when it lies in a folder.' }),
    bytes: t.exposeFloat('bytes', { description: 'Size in bytes. A whole number.' }),
    url: t.exposeString('url', {
      description:
        'Where to fetch it: `/files/download?…`, behind the address of the server. Works for 15 minutes for whoever holds it, without a header.',
    }),
  }),
});
