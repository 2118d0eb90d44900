import { builder } from './builder.ts';

export const Artifact = builder.prismaObject('Artifact', {
  description: 'What a run produced for use elsewhere.',
  select: { id: true },
  fields: (t) => ({
    kind: t.exposeString('kind', { description: '`adapter`: a PEFT folder with LoRA matrices. `model`: a whole Hugging Face folder.' }),
    path: t.exposeString('path', { description: 'Its folder, relative to the run folder.' }),
    bytes: t.exposeFloat('bytes', { description: 'Size on disk, in bytes. A whole number.' }),
    step: t.exposeInt('step', { description: 'The step whose weights it has: the last one, or the one with the lowest evaluation loss.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was saved.' }),
  }),
});
