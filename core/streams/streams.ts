import type { PrismaClient } from '@anneal/prisma';
import { batchChannel, type BatchMessage } from './batch-channel.ts';
import type { Bus } from './bus.ts';
import { decodeCursor } from './cursor.ts';
import { eventsChannel, type RunEventMessage } from './events-channel.ts';
import { executionChannel, type ExecutionMessage, type StoredTexts } from './execution-channel.ts';
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
  readonly #executions = new Feeds<ExecutionMessage>();
  readonly #batches = new Feeds<BatchMessage>();
  readonly #texts: StoredTexts;

  /** @param texts of executions that this server works on. */
  constructor(prisma: PrismaClient, bus: Bus, texts: StoredTexts = { storedText: () => undefined }) {
    this.#prisma = prisma;
    this.#bus = bus;
    this.#texts = texts;
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
   * The answer of an execution, piece by piece, then its end. Ends behind that; also of an execution that has ended long ago.
   * @param options after: the cursor of an earlier message.
   * @throws Invalid for a bad cursor, at once; NotFound at the first read
   */
  executionStream(executionId: string, options: { after?: string; signal?: AbortSignal } = {}): AsyncIterable<ExecutionMessage> {
    const channel = executionChannel(this.#prisma, this.#bus, this.#texts, executionId);
    return Live.of({
      name: channel.name,
      join: () => this.#executions.join(channel),
      select: everything,
      position: decodeCursor('execution', options.after),
      signal: options.signal,
    });
  }

  /**
   * Tells when more rows of a batch have ended, at most twice a second. Ends when all have.
   * @param options after: the cursor of an earlier message.
   * @throws Invalid for a bad cursor, at once; NotFound at the first read
   */
  batchProgress(batchId: string, options: { after?: string; signal?: AbortSignal } = {}): AsyncIterable<BatchMessage> {
    const channel = batchChannel(this.#prisma, this.#bus, batchId);
    return Live.of({
      name: channel.name,
      join: () => this.#batches.join(channel),
      select: everything,
      position: decodeCursor('batch', options.after),
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
