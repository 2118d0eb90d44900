import type { ResultOf } from '../graphql/tada.ts';
import { dataOf, direct } from '../graphql/client.ts';
import { socket } from '../graphql/connection.svelte.ts';
import { follow } from '../graphql/follow.ts';
import { RunMetrics, seriesFrom } from '../metrics/run-metrics.ts';
import type { Series } from '../metrics/series.ts';
import { RunsChanged } from '../runs/documents.ts';
import type { RunRow } from '../runs/run-list.ts';
import { hasEnded } from '../runs/state.ts';
import { EarlierLog, RunEvents, RunHead, RunPage, RunSeriesPart, TrainingMetrics } from './documents.ts';
import { joinLines, type LogLine } from './log-lines.ts';
import { followedKeys } from './metric-keys.ts';
import { oncePerFrame } from './once-per-frame.ts';

type Answer = Extract<ResultOf<typeof RunPage>['node'], { __typename: 'Run' }>;
export type Checkpoint = Answer['checkpoints']['edges'][number]['node'];
export type Artifact = Answer['artifacts'][number];

/** A part of the curves that is looked at closely, in steps. */
export interface StepRange {
  from: number;
  to: number;
}

/** Points that the first answer brings for each metric, and those that a close look brings. */
const maxPoints = 1000;
const keys = [...followedKeys];

/**
 * One run, live: a query shows all that happened so far, and subscriptions go on from the cursors of that same answer.
 * They begin again at the newest cursor after every lost connection.
 */
export class RunView {
  readonly id: string;
  state = $state<'loading' | 'ready' | 'missing' | 'failed'>('loading');
  problem = $state('');
  run = $state.raw<RunRow | null>(null);
  config = $state.raw<unknown>(null);
  parameters = $state<number | null>(null);
  trainableParameters = $state<number | null>(null);
  log = $state.raw<readonly LogLine[]>([]);
  hasEarlierLog = $state(false);
  checkpoints = $state.raw<readonly Checkpoint[]>([]);
  artifacts = $state.raw<readonly Artifact[]>([]);
  /** When `run.secondsLeft` was told, in milliseconds since 1970: it is counted down from there. */
  estimatedAt = $state(0);
  /** Rises once a frame when there are new points; read it to be drawn again. */
  drawn = $state(0);
  /** The curves inside the part that is looked at closely, where that is finer than `metrics`. */
  detail = $state.raw<ReadonlyMap<string, Series> | null>(null);
  /** Held outside of reactive state: thousands of numbers that change many times a second. */
  readonly metrics = new RunMetrics();

  #stops: (() => void)[] = [];
  #closed = false;
  #eventsCursor = '';
  #logCursor: string | null = null;
  #zoom = 0;
  readonly #draw = oncePerFrame(() => {
    this.drawn += 1;
  });

  constructor(id: string) {
    this.id = id;
  }

  /** Reads the run, then follows it. */
  async open(): Promise<void> {
    const result = await direct.query(RunPage, { id: this.id, keys, maxPoints }).toPromise();
    if (this.#closed) return;
    try {
      const { node } = dataOf(result);
      if (node?.__typename !== 'Run') {
        this.state = 'missing';
        return;
      }
      this.#show(node);
      this.state = 'ready';
      if (!hasEnded(node.state)) this.#follow();
    } catch (error) {
      this.state = 'failed';
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Reads the head again: what is announced without a cursor may have been missed. */
  async refresh(): Promise<void> {
    if (this.state === 'failed') return this.open();
    if (this.state !== 'ready') return;
    const { data } = await direct.query(RunHead, { id: this.id }).toPromise();
    if (this.#closed || data?.node?.__typename !== 'Run') return;
    this.take(data.node);
    this.parameters = data.node.parameters;
    this.trainableParameters = data.node.trainableParameters;
  }

  /** Takes in the run as it was just told. */
  take(run: RunRow): void {
    this.run = run;
    this.estimatedAt = Date.now();
  }

  async loadEarlierLog(): Promise<void> {
    if (this.#logCursor === null) return;
    const { data } = await direct.query(EarlierLog, { id: this.id, before: this.#logCursor }).toPromise();
    if (data?.node?.__typename !== 'Run') return;
    const { edges, pageInfo } = data.node.log;
    this.log = joinLines(
      this.log,
      edges.map(({ node }) => node),
    );
    this.hasEarlierLog = pageInfo.hasPreviousPage;
    this.#logCursor = pageInfo.startCursor;
  }

  /** Looks closely at a part of the curves: reads it finer if it is shown as buckets; null goes back to the whole. */
  async look(range: StepRange | null): Promise<void> {
    const zoom = ++this.#zoom;
    this.detail = null;
    if (!range || !this.#isCoarse(range)) return;
    const { data } = await direct
      .query(RunSeriesPart, { id: this.id, keys, fromStep: Math.max(0, Math.floor(range.from)), toStep: Math.ceil(range.to), maxPoints })
      .toPromise();
    if (zoom !== this.#zoom || data?.node?.__typename !== 'Run') return;
    this.detail = new Map(data.node.series.map((series) => [series.key, seriesFrom(series)]));
  }

  #isCoarse({ from, to }: StepRange): boolean {
    return this.metrics.all().some((series) => {
      for (let index = 0; index < series.length; index += 1) {
        const bucket = series.at(index);
        if (bucket && bucket.count > 1 && bucket.toStep >= from && bucket.fromStep <= to) return true;
      }
      return false;
    });
  }

  #show(answer: Answer): void {
    this.take(answer);
    this.config = answer.config;
    this.parameters = answer.parameters;
    this.trainableParameters = answer.trainableParameters;
    this.metrics.load(answer.series, answer.metricsCursor);
    this.#eventsCursor = answer.eventsCursor;
    this.log = joinLines(
      [],
      answer.log.edges.map(({ node }) => node),
    );
    this.hasEarlierLog = answer.log.pageInfo.hasPreviousPage;
    this.#logCursor = answer.log.pageInfo.startCursor;
    this.checkpoints = answer.checkpoints.edges.map(({ node }) => node);
    this.artifacts = answer.artifacts;
    this.#draw();
  }

  #follow(): void {
    this.#stops.push(this.#followMetrics(), this.#followEvents(), this.#followRun());
  }

  #followMetrics(): () => void {
    return follow(socket, {
      document: TrainingMetrics,
      variables: () => ({ runId: this.id, keys, after: this.metrics.cursor }),
      next: ({ trainingMetrics }) => {
        this.metrics.receive(trainingMetrics);
        this.#draw();
      },
      ended: () => this.#mayGoOn(),
    });
  }

  #followEvents(): () => void {
    return follow(socket, {
      document: RunEvents,
      variables: () => ({ runId: this.id, after: this.#eventsCursor }),
      next: ({ runEvents: { cursor, event } }) => {
        this.#eventsCursor = cursor;
        if (event.__typename === 'RunStateChanged') void this.refresh();
        else if (event.__typename === 'LogLine') this.log = joinLines(this.log, [event]);
        else if (event.__typename === 'Checkpoint') this.checkpoints = [...this.checkpoints.filter(({ id }) => id !== event.id), event];
        else this.artifacts = [...this.artifacts.filter(({ path }) => path !== event.path), event];
      },
      ended: () => this.#mayGoOn(),
    });
  }

  /** A stream ends with its run; but also when the studio is stopped, and then it is followed again. */
  async #mayGoOn(): Promise<boolean> {
    await this.refresh();
    return !this.#closed && this.run !== null && !hasEnded(this.run.state);
  }

  #followRun(): () => void {
    return follow(socket, {
      document: RunsChanged,
      variables: () => ({}),
      next: ({ runs: run }) => {
        if (run.id === this.id) this.take(run);
      },
    });
  }
}
