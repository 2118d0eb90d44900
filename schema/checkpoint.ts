import { visibleTo } from '@anneal/core';
import { builder } from './builder.ts';

export const Checkpoint = builder.prismaNode('Checkpoint', {
  description: 'A saved state that training can go on from.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, run: visibleTo(viewer) }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    step: t.exposeInt('step', { description: 'Optimizer steps done when it was saved.' }),
    loss: t.exposeFloat('loss', { description: 'Training loss of that step, in nats per target token.' }),
    bytes: t.exposeFloat('bytes', { description: 'Size on disk, in bytes. A whole number.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was saved.' }),
    isKept: t.boolean({
      select: { runId: true, path: true },
      description:
        'Whether its files are still there. Older ones are deleted as training goes on, see `run.keepCheckpoints` of the configuration.',
      resolve: (checkpoint, _args, { studio }) => studio.checkpoints.isKept(checkpoint),
    }),
  }),
});
