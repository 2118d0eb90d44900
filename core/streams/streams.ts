import type { Artifact, Checkpoint, MetricPoint as StoredPoint, PrismaClient, RunEvent } from '@anneal/prisma';
import { NotFound } from '../errors.ts';
import { isEnded } from '../runs/states.ts';
import type { Bus } from './bus.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { follow, type Page } from './follow.ts';
import { pause, Wake } from './wake.ts';

export type MetricPoint = Pick<StoredPoint, 'key' | 'step' | 'value' | 'epoch' | 'tokens' | 'time'>;

export interface MetricsBatch {
  /** Goes on behind this batch. */
  cursor: string;
  /** In the order of the journal; at most 2,000. */
  points: MetricPoint[];
}

export interface RunEventMessage {
  /** Goes on behind this event. */
  cursor: string;
  event: RunEvent & { checkpoint: Checkpoint | null; artifact: Artifact | null };
}

const pointsAPage = 2000;
/** Journal lines looked through for one page: a rare metric must not make a page slow. */
const linesAPage = 5000;
const eventsAPage = 200;
/** Between two messages about the same run. Milliseconds. */
const runInterval = 500;

/** Live views of what is in the database: from a cursor on, then whatever comes, without gap or duplicate. */
export class StreamService {
  readonly #prisma: PrismaClient;
  readonly #bus: Bus;

  constructor(prisma: PrismaClient, bus: Bus) {
    this.#prisma = prisma;
    this.#bus = bus;
  }

  /**
   * Every point of a run. Ends when the run has ended and all was given.
   * @param options keys: only these; after: the cursor of an earlier batch or `metricsCursor(run)`.
   * @throws Invalid for a bad cursor, at once; NotFound at the first read
   */
  trainingMetrics(
    runId: string,
    options: { keys?: readonly string[]; after?: string; signal?: AbortSignal } = {},
  ): AsyncIterable<MetricsBatch> {
    const position = decodeCursor('metrics', options.after);
    const pages = follow({
      bus: this.#bus,
      runId,
      position,
      read: (from) => this.#readPoints(runId, from, options.keys),
      signal: options.signal,
    });
    return batches(pages);
  }

  /**
   * State changes, log lines, checkpoints and artifacts of a run, in order. Ends when the run has ended and all was given.
   * @param options after: the cursor of an earlier event or `eventsCursor(run)`.
   * @throws Invalid for a bad cursor, at once; NotFound at the first read
   */
  runEvents(runId: string, options: { after?: string; signal?: AbortSignal } = {}): AsyncIterable<RunEventMessage> {
    const position = decodeCursor('events', options.after);
    return messages(follow({ bus: this.#bus, runId, position, read: (from) => this.#readEvents(runId, from), signal: options.signal }));
  }

  /** Runs that are new or changed, each at most twice a second. */
  async *runs({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<{ id: string }, undefined> {
    const wake = new Wake();
    const changed = new Set<string>();
    const stop = this.#bus.listenToAll((runId) => {
      changed.add(runId);
      wake.ring();
    });
    try {
      while (!signal?.aborted) {
        await wake.wait(signal);
        wake.reset();
        const ids = [...changed];
        changed.clear();
        for (const id of ids) yield { id };
        await pause(runInterval, signal);
      }
    } finally {
      stop();
    }
  }

  async #readPoints(runId: string, position: number, keys: readonly string[] | undefined): Promise<Page<StoredPoint>> {
    // Read first: points that are committed later belong to the next page.
    const run = await this.#run(runId);
    const end = Math.min(run.journalSequence, position + linesAPage);
    const points = await this.#prisma.metricPoint.findMany({
      where: { runId, sequence: { gt: position, lte: end }, ...(keys && { key: { in: [...keys] } }) },
      orderBy: [{ sequence: 'asc' }, { key: 'asc' }],
      take: pointsAPage + 1,
    });
    if (points.length <= pointsAPage) {
      // A position ahead of the run's own: a cursor of a run that was deleted and made again. It waits there.
      const isPartial = end < run.journalSequence;
      return { items: points, position: Math.max(position, end), isPartial, isLast: !isPartial && isEnded(run.state) };
    }
    // The points of one line stay together.
    const cut = points.at(-1)?.sequence ?? end;
    return { items: points.filter(({ sequence }) => sequence < cut), position: cut - 1, isPartial: true, isLast: false };
  }

  async #readEvents(runId: string, position: number): Promise<Page<RunEventMessage['event']>> {
    const run = await this.#run(runId);
    const items = await this.#prisma.runEvent.findMany({
      where: { runId, sequence: { gt: position, lte: run.eventSequence } },
      orderBy: { sequence: 'asc' },
      take: eventsAPage,
      include: { checkpoint: true, artifact: true },
    });
    const end = items.at(-1)?.sequence ?? position;
    const isPartial = end < run.eventSequence && items.length > 0;
    return { items, position: end, isPartial, isLast: !isPartial && isEnded(run.state) };
  }

  async #run(runId: string) {
    const run = await this.#prisma.run.findUnique({
      where: { id: runId },
      select: { state: true, journalSequence: true, eventSequence: true },
    });
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    return run;
  }
}

async function* batches(pages: AsyncIterable<Page<StoredPoint>>): AsyncGenerator<MetricsBatch, undefined> {
  for await (const { items, position } of pages) {
    yield {
      cursor: encodeCursor('metrics', position),
      points: items.map(({ key, step, value, epoch, tokens, time }) => ({ key, step, value, epoch, tokens, time })),
    };
  }
}

async function* messages(pages: AsyncIterable<Page<RunEventMessage['event']>>): AsyncGenerator<RunEventMessage, undefined> {
  for await (const { items } of pages) {
    for (const event of items) yield { cursor: encodeCursor('events', event.sequence), event };
  }
}
