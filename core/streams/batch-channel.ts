import type { PrismaClient } from '@anneal/prisma';
import { NotFound } from '../errors.ts';
import type { Bus } from './bus.ts';
import { encodeCursor } from './cursor.ts';
import type { Channel } from './page.ts';

/** A batch of executions is further. */
export interface BatchMessage {
  /** Goes on behind this message. */
  cursor: string;
  batchId: string;
}

/** How far a batch is. A position counts its rows that have ended; its end is one more. */
export const batchChannel = (prisma: PrismaClient, bus: Bus, batchId: string): Channel<BatchMessage> => {
  const known = async () => {
    const select = { state: true, succeeded: true, failed: true } as const;
    const batch = await prisma.executionBatch.findUnique({ where: { id: batchId }, select });
    if (!batch) throw new NotFound(`There is no batch ${batchId}.`);
    const isLast = batch.state !== 'RUNNING';
    return { end: batch.succeeded + batch.failed + (isLast ? 1 : 0), isLast };
  };
  return {
    name: `batch ${batchId}`,
    interval: 500,
    end: async () => (await known()).end,
    read: async (from, until = Infinity) => {
      const { end, isLast } = await known();
      const to = Math.max(from, Math.min(end, until));
      const parts = to > from ? [{ from, to, event: { cursor: encodeCursor('batch', to), batchId } }] : [];
      return { parts, from, to, isPartial: to < end, isLast: isLast && to >= end };
    },
    listen: (listener) => bus.topic('executionBatch').listen(batchId, listener),
  };
};
