import type { PrismaClient, Run } from '@anneal/prisma';
import { visibleTo } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Invalid, NotFound } from '../errors.ts';
import { type Curve, highestStep, type StepRange } from './curves.ts';
import { unitOf } from './keys.ts';
import { withoutLater } from './overhang.ts';
import { readCurves } from './read.ts';
import { type Bucket, merge, topLevel } from './rollups.ts';
import { entryOf, listed, type MetricSummary } from './summary.ts';

export interface MetricSeries {
  key: string;
  unit: string;
  rank: number;
  /** Steps that a bucket spans at most; 1: each is a point. */
  resolution: number;
  /** The points are gone for being old; buckets are 16 steps wide at least. */
  isThinned: boolean;
  /** In the order of steps, none overlaps. */
  buckets: Bucket[];
}

export interface SeriesOptions {
  /** Default: 0, the first process. */
  rank?: number;
  /** Default: the first step. */
  fromStep?: number;
  /** Default: the last step. */
  toStep?: number;
  /** Most buckets of each key, 1 to 5,000. Default 500. */
  maxPoints?: number;
}

/** A run as it was read. Points that came after it are left out, so that a stream from its cursor on brings each of them once. */
export type SeriesOwner = Pick<Run, 'id' | 'journalSequence' | 'thinnedAt'>;

const maximumKeys = 50;
const maximumRuns = 100;

export class MetricService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Curves of runs, all of them in a few statements. However many points there are, a bounded number of rows is read, and no peak is
   * lost: each bucket tells its lowest and highest value. Buckets at the ends hold only points inside of the range, where points are left.
   * @returns for each run one curve a key.
   * @throws Invalid
   */
  async seriesOf(runs: readonly SeriesOwner[], keys: readonly string[], options: SeriesOptions = {}): Promise<MetricSeries[][]> {
    const { rank = 0, fromStep = 0, toStep = highestStep, maxPoints = 500 } = options;
    if (!Number.isInteger(maxPoints) || maxPoints < 1 || maxPoints > 5000) throw invalid('maxPoints', 'A curve has 1 to 5,000 points.');
    if (keys.length > maximumKeys) throw invalid('keys', `At most ${maximumKeys} metrics can be read at once.`);
    const range: StepRange = { fromStep: Math.max(0, fromStep), toStep };
    const curves = runs.flatMap(({ id, thinnedAt }) => keys.map((key): Curve => ({ runId: id, key, rank, isThinned: thinnedAt !== null })));
    const read = fromStep > toStep ? [] : await readCurves(this.#prisma, curves, range, maxPoints);
    await withoutLater(this.#prisma, runs, curves, read, range);
    return runs.map(({ thinnedAt }, index) =>
      keys.map((key, place) => {
        const { buckets, resolution } = read[index * keys.length + place] ?? { buckets: [], resolution: 1 };
        return { key, unit: unitOf(key), rank, resolution, isThinned: thinnedAt !== null, buckets };
      }),
    );
  }

  /** The same of one run. */
  async series(run: SeriesOwner, keys: readonly string[], options: SeriesOptions = {}): Promise<MetricSeries[]> {
    return (await this.seriesOf([run], keys, options))[0] ?? [];
  }

  /**
   * Runs to be compared, in the order asked for, each with its curves.
   * @param ids of at most 100 runs.
   * @throws NotFound when one is not there for them, Invalid
   */
  async compare(viewer: Viewer, ids: readonly string[], keys: readonly string[], options: SeriesOptions = {}): Promise<ComparedRun[]> {
    if (ids.length > maximumRuns) throw invalid('ids', `At most ${maximumRuns} runs can be compared at once; these are ${ids.length}.`);
    const found = await this.#prisma.run.findMany({ where: { id: { in: [...ids] }, ...visibleTo(viewer) } });
    const byId = new Map(found.map((run) => [run.id, run]));
    const runs = [...new Set(ids)].map((id) => {
      const run = byId.get(id);
      if (!run) throw new NotFound(`There is no run ${id}.`);
      return run;
    });
    const series = await this.seriesOf(runs, keys, options);
    return runs.map((run, index) => ({ run, keys, series: series[index] ?? [] }));
  }

  /** Every metric of one process of a run in short; `Run.summary` has that of rank 0. */
  async summary(runId: string, rank: number): Promise<MetricSummary[]> {
    const rows = await this.#prisma.metricRollup.findMany({ where: { runId, rank, level: topLevel }, orderBy: { bucket: 'asc' } });
    const whole = new Map<string, Bucket>();
    for (const { key, ...bucket } of rows) {
      const before = whole.get(key);
      whole.set(key, before ? merge(before, bucket) : bucket);
    }
    return listed(Object.fromEntries([...whole].map(([key, bucket]) => [key, entryOf(bucket)])));
  }

  /** For each run the ranks of the processes that measured something, rising. */
  async ranks(runIds: readonly string[]): Promise<number[][]> {
    const rows = await this.#prisma.metricRollup.findMany({
      where: { runId: { in: [...runIds] }, level: topLevel },
      distinct: ['runId', 'rank'],
      select: { runId: true, rank: true },
    });
    return runIds.map((id) => rows.flatMap(({ runId, rank }) => (runId === id ? rank : [])).sort((a, b) => a - b));
  }
}

export interface ComparedRun {
  run: Run;
  keys: readonly string[];
  series: MetricSeries[];
}

const invalid = (path: string, message: string) => new Invalid(message, [{ path, message }]);
