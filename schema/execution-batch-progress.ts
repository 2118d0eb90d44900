import { type BatchMessage, NotFound, visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { ExecutionBatch } from './execution-batch.ts';
import { databaseId } from './global-id.ts';
import { resumeAfter } from './resume.ts';
import { selecting } from './selection.ts';
import { stoppable } from './stream.ts';

const ExecutionBatchProgress = builder.objectRef<BatchMessage>('ExecutionBatchProgress').implement({
  description: 'How far a batch is.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Give it as `after` to go on behind this message.' }),
    batch: t.prismaField({
      type: ExecutionBatch,
      description: 'The batch as it stands now.',
      resolve: (query, { batchId }, _args, { studio }) =>
        studio.prisma.executionBatch.findUniqueOrThrow({ ...selecting(query), where: { id: batchId } }),
    }),
  }),
});

builder.subscriptionField('executionBatchProgress', (t) =>
  t.field({
    type: ExecutionBatchProgress,
    description: 'Tells when more rows of a batch have ended, at most twice a second, and when all have. Ends then.',
    args: {
      batchId: t.arg.id({ required: true, description: 'The batch to follow.' }),
      after: t.arg.string({ description: 'A cursor from an earlier message. Left out: begins with how far it is.' }),
    },
    subscribe: async (_root, { batchId, after }, context) => {
      const { studio, viewer } = context;
      const id = databaseId('ExecutionBatch', batchId);
      const batch = await studio.prisma.executionBatch.findUnique({ where: { id, ...visibleTo(viewer) }, select: { id: true } });
      if (!batch) throw new NotFound(`There is no batch with the id "${batchId}".`);
      return stoppable((signal) => studio.streams.batchProgress(id, { after: resumeAfter(context, after), signal }));
    },
    resolve: (message, _args, { position }) => {
      position.cursor = message.cursor;
      return message;
    },
  }),
);
