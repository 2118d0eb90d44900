import { builder } from './builder.ts';

export const Checkpoint = builder.prismaNode('Checkpoint', {
  description: 'A saved state that training can go on from.',
  id: { field: 'id', description: 'Global id.' },
  // What is gone is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    step: t.exposeInt('step', { description: 'Optimizer steps done when it was saved.' }),
    loss: t.exposeFloat('loss', { description: 'Training loss of that step, in nats per target token.' }),
    bytes: t.exposeFloat('bytes', { description: 'Size on disk, in bytes. A whole number.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was saved.' }),
  }),
});
