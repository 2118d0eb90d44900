import type { Artifact, Checkpoint, PrismaClient, RunEvent } from '@anneal/prisma';
import { isEnded } from '../runs/states.ts';
import type { Bus } from './bus.ts';
import { encodeCursor } from './cursor.ts';
import type { Channel, Page } from './page.ts';
import { positionsOf } from './run-positions.ts';

export interface RunEventMessage {
  /** Goes on behind this event. */
  cursor: string;
  event: RunEvent & { checkpoint: Checkpoint | null; artifact: Artifact | null };
}

const eventsAPage = 200;

/** State changes, log lines, checkpoints and artifacts of a run. A position counts them. */
export const eventsChannel = (prisma: PrismaClient, bus: Bus, runId: string): Channel<RunEventMessage> => ({
  name: `events ${runId}`,
  interval: 50,
  end: async () => (await positionsOf(prisma, runId)).eventSequence,
  read: (position, until) => readEvents(prisma, runId, position, until),
  listen: (listener) => bus.listen(runId, listener),
});

async function readEvents(prisma: PrismaClient, runId: string, from: number, until = Infinity): Promise<Page<RunEventMessage>> {
  const run = await positionsOf(prisma, runId);
  const end = Math.min(run.eventSequence, until);
  const events = await prisma.runEvent.findMany({
    where: { runId, sequence: { gt: from, lte: end } },
    orderBy: { sequence: 'asc' },
    take: eventsAPage,
    include: { checkpoint: true, artifact: true },
  });
  const parts: Page<RunEventMessage>['parts'] = [];
  let to = from;
  for (const event of events) {
    parts.push({ from: to, to: event.sequence, event: { cursor: encodeCursor('events', event.sequence), event } });
    to = event.sequence;
  }
  // Events may have been removed: their numbers are passed over.
  if (events.length < eventsAPage && to < end) {
    parts.push({ from: to, to: end, event: undefined });
    to = end;
  }
  const isPartial = to < run.eventSequence;
  return { parts, from, to, isPartial, isLast: !isPartial && isEnded(run.state) };
}
