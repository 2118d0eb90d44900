import { numberOf, type NonFinite } from './number-of.ts';
import { pointBucket, Series, type Bucket } from './series.ts';

/** Times are ISO strings; what is no finite number is null, with its name beside the last value. */
interface AnsweredBucket {
  fromStep: number;
  toStep: number;
  min: number | null;
  max: number | null;
  last: number | null;
  nonFinite: NonFinite | null;
  count: number;
  time: string;
}

/** A metric as the API answers it. */
export interface AnsweredSeries {
  key: string;
  unit: string;
  buckets: readonly AnsweredBucket[];
}

export interface AnsweredBatch {
  cursor: string;
  points: readonly { key: string; rank: number; step: number; value: number | null; nonFinite: NonFinite | null; time: string }[];
}

/** Fills a series with the buckets of an answer. */
export function seriesFrom(answer: AnsweredSeries, limit?: number): Series {
  const series = new Series(answer.key, answer.unit, limit);
  for (const bucket of answer.buckets) series.append(bucketFrom(bucket));
  return series;
}

const bucketFrom = ({ fromStep, toStep, min, max, last, nonFinite, count, time }: AnsweredBucket): Bucket => ({
  ...{ fromStep, toStep, count, time: Date.parse(time) },
  ...{ min: numberOf(min), max: numberOf(max), last: numberOf(last, nonFinite) },
});

/**
 * The metrics of one run: what a query answered, and every point that came after it. `cursor` is the place up to which
 * all is held; a subscription that starts there (again) leaves no gap. What comes twice is left out.
 */
export class RunMetrics {
  readonly #limit: number | undefined;
  readonly #series = new Map<string, Series>();
  #cursor = '';

  constructor(limit?: number) {
    this.#limit = limit;
  }

  get cursor(): string {
    return this.#cursor;
  }

  get(key: string): Series | undefined {
    return this.#series.get(key);
  }

  all(): Series[] {
    return [...this.#series.values()];
  }

  /** The newest step of any metric. */
  get lastStep(): number {
    return Math.max(-1, ...this.all().map((series) => series.lastStep));
  }

  /** Starts again from an answer; what was held before is forgotten. */
  load(answers: readonly AnsweredSeries[], cursor: string): void {
    this.#series.clear();
    for (const answer of answers) this.#series.set(answer.key, seriesFrom(answer, this.#limit));
    this.#cursor = cursor;
  }

  /** Takes in the points of one message, those of the first process of a distributed run, and its cursor. */
  receive(batch: AnsweredBatch): void {
    for (const point of batch.points) {
      if (point.rank !== 0) continue;
      const series = this.#series.get(point.key) ?? new Series(point.key, '', this.#limit);
      this.#series.set(point.key, series);
      series.append(pointBucket(point.step, numberOf(point.value, point.nonFinite), Date.parse(point.time)));
    }
    this.#cursor = batch.cursor;
  }
}
