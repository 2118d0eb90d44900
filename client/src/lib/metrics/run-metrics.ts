import { pointBucket, Series, type Bucket } from './series.ts';

/** A metric as the API answers it: times are ISO strings. */
export interface AnsweredSeries {
  key: string;
  unit: string;
  buckets: readonly (Omit<Bucket, 'time'> & { time: string })[];
}

export interface AnsweredBatch {
  cursor: string;
  points: readonly { key: string; step: number; value: number; time: string }[];
}

/** Fills a series with the buckets of an answer. */
export function seriesFrom(answer: AnsweredSeries, limit?: number): Series {
  const series = new Series(answer.key, answer.unit, limit);
  for (const bucket of answer.buckets) series.append({ ...bucket, time: Date.parse(bucket.time) });
  return series;
}

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

  /** Takes in the points of one message, and its cursor. */
  receive(batch: AnsweredBatch): void {
    for (const point of batch.points) {
      const series = this.#series.get(point.key) ?? new Series(point.key, '', this.#limit);
      this.#series.set(point.key, series);
      series.append(pointBucket(point.step, point.value, Date.parse(point.time)));
    }
    this.#cursor = batch.cursor;
  }
}
