import { builder } from './builder.ts';

export interface MetricSummary {
  key: string;
  unit: string;
  last: number;
  lastStep: number;
  min: number;
  max: number;
  count: number;
}

export interface MetricBucket {
  fromStep: number;
  toStep: number;
  min: number;
  max: number;
  last: number;
  count: number;
  time: Date;
}

export interface MetricSeries {
  key: string;
  unit: string;
  buckets: MetricBucket[];
}

const unitHelp = 'What it is measured in: `nats/token`, `tokens/s`, `s`, `bytes`; empty for pure numbers.';

export const MetricSummaryRef = builder.objectRef<MetricSummary>('MetricSummary').implement({
  description: 'One metric of a run in short. Step 0, before training, counts too.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Which metric: `loss`, `learningRate`, `evaluationLoss`, …' }),
    unit: t.exposeString('unit', { description: unitHelp }),
    last: t.exposeFloat('last', { description: 'Newest value, in `unit`.' }),
    lastStep: t.exposeInt('lastStep', { description: 'Its step.' }),
    min: t.exposeFloat('min', { description: 'Lowest value so far, in `unit`.' }),
    max: t.exposeFloat('max', { description: 'Highest value so far, in `unit`.' }),
    count: t.exposeInt('count', { description: 'Values measured so far.' }),
  }),
});

const MetricBucketRef = builder.objectRef<MetricBucket>('MetricBucket').implement({
  description: 'Points between two steps: lowest, highest and last value. A bucket of one point is the point itself.',
  fields: (t) => ({
    fromStep: t.exposeInt('fromStep', { description: 'First step inside.' }),
    toStep: t.exposeInt('toStep', { description: 'Last step inside.' }),
    min: t.exposeFloat('min', { description: 'Lowest value, in the unit of the series.' }),
    max: t.exposeFloat('max', { description: 'Highest value, in the unit of the series.' }),
    last: t.exposeFloat('last', { description: 'Value at the last step, in the unit of the series.' }),
    count: t.exposeInt('count', { description: 'Points inside.' }),
    time: t.expose('time', { type: 'DateTime', description: 'When the last point was measured.' }),
  }),
});

export const MetricSeriesRef = builder.objectRef<MetricSeries>('MetricSeries').implement({
  description: 'The curve of one metric, in at most as many buckets as asked for.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Which metric.' }),
    unit: t.exposeString('unit', { description: unitHelp }),
    buckets: t.field({ type: [MetricBucketRef], resolve: (series) => series.buckets, description: 'In the order of steps.' }),
  }),
});
