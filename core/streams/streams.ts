import type { PrismaClient } from '@anneal/prisma';
import type { Bus } from './bus.ts';
import { decodeCursor } from './cursor.ts';
import { eventsChannel, type RunEventMessage } from './events-channel.ts';
import { Feeds } from './feeds.ts';
import { Live } from './live.ts';
import { type MetricsBatch, metricsChannel, readPoints, withKeys } from './metrics-channel.ts';
import { type RunChange, RunChanges } from './run-changes.ts';

const everything = <Event>(event: Event): Event => event;

/** Live views of what is in the database: from a cursor on, then whatever comes, without gap or duplicate. */
export class StreamService {
  readonly #prisma: PrismaClient;
  readonly #bus: Bus;
  readonly #metrics = new Feeds<MetricsBatch>();
  readonly #events = new Feeds<RunEventMessage>();
  readonly #runs = new Feeds<RunChange>();

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
    const keys = options.keys && [...new Set(options.keys)].sort();
    const chosen = keys && new Set(keys);
    return Live.of({
      name: `metrics ${runId} ${keys ? JSON.stringify(keys) : 'all'}`,
      join: () => this.#metrics.join(metricsChannel(this.#prisma, this.#bus, runId)),
      select: chosen ? (batch: MetricsBatch) => withKeys(batch, chosen) : everything,
      history: (position, until) => readPoints(this.#prisma, runId, position, { until, keys }),
      position: decodeCursor('metrics', options.after),
      signal: options.signal,
    });
  }

  /**
   * State changes, log lines, checkpoints and artifacts of a run, in order. Ends when the run has ended and all was given.
   * @param options after: the cursor of an earlier event or `eventsCursor(run)`.
   * @throws Invalid for a bad cursor, at once; NotFound at the first read
   */
  runEvents(runId: string, options: { after?: string; signal?: AbortSignal } = {}): AsyncIterable<RunEventMessage> {
    const channel = eventsChannel(this.#prisma, this.#bus, runId);
    return Live.of({
      name: channel.name,
      join: () => this.#events.join(channel),
      select: everything,
      position: decodeCursor('events', options.after),
      signal: options.signal,
    });
  }

  /**
   * Runs of these projects (left out: of all) that are new or changed, each at most twice a second. A reader that is slow is told
   * of each run once, whatever it missed.
   */
  runs({ projectIds, signal }: { projectIds?: readonly string[]; signal?: AbortSignal } = {}): AsyncIterable<RunChange> {
    const chosen = projectIds && new Set(projectIds);
    return Live.of({
      name: `runs ${projectIds ? JSON.stringify([...projectIds].sort()) : 'all'}`,
      join: () => this.#runs.join(new RunChanges(this.#prisma, this.#bus)),
      select: (run: RunChange) => (!chosen || chosen.has(run.projectId) ? run : undefined),
      signal,
    });
  }
}
