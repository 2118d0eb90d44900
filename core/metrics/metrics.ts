import type { PrismaClient } from '@anneal/prisma';
import { Invalid, NotFound } from '../errors.ts';
import { unitOf } from './keys.ts';
import { type Bucket, merge, topLevel, width } from './rollups.ts';
import { asBucket } from './store.ts';

export interface MetricSeries {
  key: string;
  unit: string;
  /** In the order of steps, none overlaps. */
  buckets: Bucket[];
}

export interface SeriesOptions {
  /** Default: the first step. */
  fromStep?: number;
  /** Default: the last step. */
  toStep?: number;
  /** Most buckets of each key, 1 to 5,000. Default 500. */
  maxPoints?: number;
}

/** Rows read for one curve, about, before a level with longer buckets is taken: enough for at least a quarter of the points. */
const readBudget = (maxPoints: number) => Math.min(16_384, Math.max(2048, 16 * maxPoints));
const maximumKeys = 50;

export class MetricService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Curves of a run. However many points there are, a bounded number of rows is read, and no peak is lost: each bucket tells its
   * lowest and highest value. Buckets at the ends hold only points inside of the range.
   * @throws NotFound, Invalid
   */
  async series(
    runId: string,
    keys: readonly string[],
    { fromStep = 0, toStep = Number.MAX_SAFE_INTEGER, maxPoints = 500 }: SeriesOptions = {},
  ): Promise<MetricSeries[]> {
    if (!Number.isInteger(maxPoints) || maxPoints < 1 || maxPoints > 5000) throw invalid('maxPoints', 'A curve has 1 to 5,000 points.');
    if (keys.length > maximumKeys) throw invalid('keys', `At most ${maximumKeys} metrics can be read at once.`);
    if (!(await this.#prisma.run.findUnique({ where: { id: runId }, select: { id: true } })))
      throw new NotFound(`There is no run ${runId}.`);
    const series: MetricSeries[] = [];
    for (const key of keys) {
      const curve = { runId, key };
      const buckets = await this.#read(curve, await this.#level(curve, fromStep, toStep, readBudget(maxPoints)), fromStep, toStep);
      series.push({ key, unit: unitOf(key), buckets: thin(buckets, maxPoints) });
    }
    return series;
  }

  /** The lowest level on which the range is short enough to be read. */
  async #level(curve: Curve, fromStep: number, toStep: number, mostRows: number): Promise<number> {
    const [first, last] = await Promise.all([
      this.#prisma.metricRollup.findFirst({
        where: { ...curve, level: 1, fromStep: { gte: fromStep } },
        orderBy: { fromStep: 'asc' },
        select: { bucket: true },
      }),
      this.#prisma.metricRollup.findFirst({
        where: { ...curve, level: 1, fromStep: { lte: toStep } },
        orderBy: { fromStep: 'desc' },
        select: { bucket: true },
      }),
    ]);
    if (!first || !last) return 0;
    let level = 0;
    for (let rows = (last.bucket - first.bucket + 2) * width; rows > mostRows && level < topLevel; rows /= width) level += 1;
    return level;
  }

  /** What lies wholly inside of the range on this level; what is left at both ends, and not in a full bucket yet, from below. */
  async #read(curve: Curve, level: number, fromStep: number, toStep: number): Promise<Bucket[]> {
    if (fromStep > toStep) return [];
    if (level === 0) {
      const points = await this.#prisma.metricPoint.findMany({
        where: { ...curve, step: { gte: fromStep, lte: toStep } },
        orderBy: { step: 'asc' },
        select: { step: true, value: true, time: true },
      });
      return points.map(asBucket);
    }
    const inside = await this.#prisma.metricRollup.findMany({
      where: { ...curve, level, fromStep: { gte: fromStep, lte: toStep }, toStep: { lte: toStep } },
      orderBy: { fromStep: 'asc' },
      select: { fromStep: true, toStep: true, min: true, max: true, last: true, count: true, time: true },
    });
    const [first, last] = [inside[0], inside.at(-1)];
    if (!first || !last) return this.#read(curve, level - 1, fromStep, toStep);
    return [
      ...(await this.#read(curve, level - 1, fromStep, first.fromStep - 1)),
      ...inside,
      ...(await this.#read(curve, level - 1, last.toStep + 1, toStep)),
    ];
  }
}

interface Curve {
  runId: string;
  key: string;
}

/** Joins neighbors such that at most `most` buckets are left, each over about as many steps. */
function thin(buckets: Bucket[], most: number): Bucket[] {
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (!first || !last || buckets.length <= most) return buckets;
  const steps = (last.fromStep - first.fromStep + 1) / most;
  const groups = new Map<number, [Bucket, ...Bucket[]]>();
  for (const bucket of buckets) {
    const place = Math.floor((bucket.fromStep - first.fromStep) / steps);
    const group = groups.get(place);
    if (group) group.push(bucket);
    else groups.set(place, [bucket]);
  }
  return [...groups.values()].map(merge);
}

const invalid = (path: string, message: string) => new Invalid(message, [{ path, message }]);
