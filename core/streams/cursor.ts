import type { Run } from '@anneal/prisma';
import { Invalid } from '../errors.ts';

/** What a cursor counts: lines of the journal, events of the run, text of an execution, or rows of a batch. */
type Kind = 'metrics' | 'events' | 'execution' | 'batch';

export const encodeCursor = (kind: Kind, position: number): string => Buffer.from(`${kind}:${position}`).toString('base64url');

/** @throws Invalid when it is not a cursor of this kind. Left out: the beginning. */
export function decodeCursor(kind: Kind, cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const position = /^(metrics|events|execution|batch):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (position?.[1] !== kind) {
    const message = `"${cursor.slice(0, 40)}" is not a cursor of this stream. Leave it out to begin at the beginning.`;
    throw new Invalid(message, [{ path: 'after', message }]);
  }
  return Number(position[2]);
}

/** Where trainingMetrics goes on from a run as it was read. */
export const metricsCursor = ({ journalSequence }: Pick<Run, 'journalSequence'>): string => encodeCursor('metrics', journalSequence);

/** Where runEvents goes on from a run as it was read. */
export const eventsCursor = ({ eventSequence }: Pick<Run, 'eventSequence'>): string => encodeCursor('events', eventSequence);
