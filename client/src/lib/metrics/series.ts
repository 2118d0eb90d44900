import { thinColumns } from './thin.ts';

/** What the points between two steps amount to. A bucket of one point is the point itself. `time`: milliseconds since 1970. */
export interface Bucket {
  fromStep: number;
  toStep: number;
  min: number;
  max: number;
  last: number;
  count: number;
  time: number;
}

export type Columns = Record<keyof Bucket, Float64Array>;

export const columnNames = ['fromStep', 'toStep', 'min', 'max', 'last', 'count', 'time'] as const satisfies readonly (keyof Bucket)[];

const emptyColumns = (capacity: number): Columns => ({
  fromStep: new Float64Array(capacity),
  toStep: new Float64Array(capacity),
  min: new Float64Array(capacity),
  max: new Float64Array(capacity),
  last: new Float64Array(capacity),
  count: new Float64Array(capacity),
  time: new Float64Array(capacity),
});

/**
 * The buckets of one metric in the order of their steps, in typed columns. It never holds more than `limit`:
 * older buckets are then merged, so that memory and drawing time stay the same however long the run is.
 */
export class Series {
  readonly key: string;
  readonly unit: string;
  readonly #limit: number;
  #columns: Columns = emptyColumns(256);
  #length = 0;

  constructor(key: string, unit: string, limit = 2000) {
    this.key = key;
    this.unit = unit;
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** The last step held; -1 when there is none (step 0 is the evaluation before training). */
  get lastStep(): number {
    return this.#columns.toStep[this.#length - 1] ?? -1;
  }

  /** How many points all buckets stand for. */
  get points(): number {
    return this.column('count').reduce((sum, count) => sum + count, 0);
  }

  /** A view of one column; valid until the next `append`. */
  column(name: keyof Bucket): Float64Array {
    return this.#columns[name].subarray(0, this.#length);
  }

  at(index: number): Bucket | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    const value = (name: keyof Bucket): number => this.#columns[name][index] ?? NaN;
    return {
      fromStep: value('fromStep'),
      toStep: value('toStep'),
      min: value('min'),
      max: value('max'),
      last: value('last'),
      count: value('count'),
      time: value('time'),
    };
  }

  /** Adds a bucket after the others. One whose steps are already held is left out: `false`. */
  append(bucket: Bucket): boolean {
    if (bucket.fromStep <= this.lastStep) return false;
    if (this.#length >= this.#limit) this.#length = thinColumns(this.#columns, this.#length, this.#limit);
    if (this.#length === this.#columns.time.length) this.#grow();
    for (const name of columnNames) this.#columns[name][this.#length] = bucket[name];
    this.#length += 1;
    return true;
  }

  #grow(): void {
    const larger = emptyColumns(this.#length * 2);
    for (const name of columnNames) larger[name].set(this.#columns[name]);
    this.#columns = larger;
  }
}

/** One measured value as a bucket. */
export const pointBucket = (step: number, value: number, time: number): Bucket => ({
  fromStep: step,
  toStep: step,
  min: value,
  max: value,
  last: value,
  count: 1,
  time,
});
