import { visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { RunFileRef } from './run-file.ts';

export const Artifact = builder.prismaNode('Artifact', {
  description: 'What a run produced for use elsewhere.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, run: visibleTo(viewer) }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    kind: t.exposeString('kind', { description: '`adapter`: a PEFT folder with LoRA matrices. `model`: a whole Hugging Face folder.' }),
    path: t.exposeString('path', { description: 'Its folder, relative to the run folder.' }),
    bytes: t.exposeFloat('bytes', { description: 'Size on disk, in bytes. A whole number.' }),
    step: t.exposeInt('step', { description: 'The step whose weights it has: the last one, or the one with the lowest evaluation loss.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was saved.' }),
    files: t.field({
      type: [RunFileRef],
      select: { runId: true, path: true },
      description: 'Its files, by name. Empty when they were replaced by those of a later artifact of the same run, or are gone.',
      resolve: (artifact, _args, { studio }) => studio.runFiles.ofArtifact(artifact),
    }),
  }),
});
