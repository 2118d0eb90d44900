import type { MetricPoint as StoredPoint, PrismaClient } from '@anneal/prisma';
import { isEnded } from '../runs/states.ts';
import type { Bus } from './bus.ts';
import { encodeCursor } from './cursor.ts';
import type { Channel, Page } from './page.ts';
import { positionsOf } from './run-positions.ts';

export type MetricPoint = Pick<StoredPoint, 'key' | 'rank' | 'step' | 'value' | 'nonFinite' | 'epoch' | 'tokens' | 'time'>;

export interface MetricsBatch {
  /** Goes on behind this batch. */
  cursor: string;
  /** In the order in which they became known; at most 2,000, or all that became known at once. */
  points: MetricPoint[];
}

const pointsAPage = 2000;
/** Journal lines looked through for one page: a rare metric must not make a page slow. */
const linesAPage = 5000;

/** All points of a run. A position counts the lines of its journal. */
export const metricsChannel = (prisma: PrismaClient, bus: Bus, runId: string): Channel<MetricsBatch> => ({
  name: `metrics ${runId}`,
  interval: 50,
  end: async () => (await positionsOf(prisma, runId)).journalSequence,
  read: (position, until) => readPoints(prisma, runId, position, { until }),
  listen: (listener) => bus.listen(runId, listener),
});

/** A batch with only these metrics; undefined when it has none. */
export function withKeys({ cursor, points }: MetricsBatch, keys: ReadonlySet<string>): MetricsBatch | undefined {
  const chosen = points.filter(({ key }) => keys.has(key));
  return chosen.length > 0 ? { cursor, points: chosen } : undefined;
}

/** @throws NotFound */
export async function readPoints(
  prisma: PrismaClient,
  runId: string,
  from: number,
  { until = Infinity, keys }: { until?: number; keys?: readonly string[] },
): Promise<Page<MetricsBatch>> {
  // Read first: points that are committed later belong to the next page.
  const run = await positionsOf(prisma, runId);
  const end = Math.min(run.journalSequence, from + linesAPage, until);
  const only = keys && { key: { in: [...keys] } };
  const read = (sequence: { gt: number; lte: number }, take?: number) =>
    prisma.metricPoint.findMany({
      where: { runId, sequence, ...only },
      orderBy: [{ sequence: 'asc' }, { key: 'asc' }, { rank: 'asc' }, { step: 'asc' }],
      take,
    });
  const points = await read({ gt: from, lte: end }, pointsAPage + 1);
  const cut = points.at(-1)?.sequence ?? end;
  // A position ahead of the run's own: a cursor of a run that was deleted and made again. It waits there.
  if (points.length <= pointsAPage) return page(points, Math.max(from, end));
  // The points of one line stay together, however many they are.
  const whole = points.filter(({ sequence }) => sequence < cut);
  return whole.length > 0 ? page(whole, cut - 1) : page(await read({ gt: from, lte: cut }), cut);

  function page(stored: readonly StoredPoint[], to: number): Page<MetricsBatch> {
    const event = stored.length > 0 ? { cursor: encodeCursor('metrics', to), points: stored.map(asPoint) } : undefined;
    const isPartial = to < run.journalSequence;
    return { parts: to > from ? [{ from, to, event }] : [], from, to, isPartial, isLast: !isPartial && isEnded(run.state) };
  }
}

const asPoint = ({ key, rank, step, value, nonFinite, epoch, tokens, time }: StoredPoint): MetricPoint => ({
  ...{ key, rank, step, value, nonFinite },
  ...{ epoch, tokens, time },
});
