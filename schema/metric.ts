import type { Bucket, MetricSeries, MetricSummary } from '@anneal/core';
import { NonFinite } from '@anneal/prisma';
import { builder } from './builder.ts';

export const NonFiniteRef = builder.enumType(NonFinite, {
  name: 'NonFinite',
  description: 'What a number is when it is no finite one. JSON knows none of these.',
  values: {
    NAN: { description: 'Not a number: 0 / 0, or a loss that overflowed.' },
    POSITIVE_INFINITY: { description: 'Above every number.' },
    NEGATIVE_INFINITY: { description: 'Below every number.' },
  },
});

const unitHelp = 'What it is measured in: `nats/token`, `tokens/s`, `s`, `bytes`; empty for pure numbers.';

const lastHelp = 'Null when it is no finite number: `nonFinite` tells which.';

export const MetricSummaryRef = builder.objectRef<MetricSummary>('MetricSummary').implement({
  description: 'One metric of a run in short. Step 0, before training, counts too.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Which metric: `loss`, `learningRate`, `evaluationLoss`, …' }),
    unit: t.exposeString('unit', { description: unitHelp }),
    last: t.exposeFloat('last', { nullable: true, description: `Value of the highest step, in \`unit\`. ${lastHelp}` }),
    nonFinite: t.expose('nonFinite', {
      type: NonFiniteRef,
      nullable: true,
      description: 'What `last` is when it is no finite number; null when it is one.',
    }),
    lastStep: t.exposeInt('lastStep', { description: 'The highest step.' }),
    min: t.exposeFloat('min', { nullable: true, description: 'Lowest finite value so far, in `unit`; null when there is none.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'Highest finite value so far, in `unit`; null when there is none.' }),
    count: t.exposeInt('count', { description: 'Values measured so far.' }),
    nonFiniteCount: t.exposeInt('nonFiniteCount', { description: 'How many of these are no finite numbers.' }),
  }),
});

const MetricBucketRef = builder.objectRef<Bucket>('MetricBucket').implement({
  description: 'Points between two steps: lowest, highest and last value. A bucket of one point is the point itself.',
  fields: (t) => ({
    fromStep: t.exposeInt('fromStep', { description: 'First step inside.' }),
    toStep: t.exposeInt('toStep', { description: 'Last step inside.' }),
    min: t.exposeFloat('min', { nullable: true, description: 'Lowest finite value, in the unit of the series; null when there is none.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'Highest finite value, in the unit of the series; null when there is none.' }),
    last: t.exposeFloat('last', { nullable: true, description: `Value at the last step, in the unit of the series. ${lastHelp}` }),
    nonFinite: t.expose('nonFinite', {
      type: NonFiniteRef,
      nullable: true,
      description: 'What `last` is when it is no finite number; null when it is one.',
    }),
    count: t.exposeInt('count', { description: 'Points inside.' }),
    nonFiniteCount: t.exposeInt('nonFiniteCount', { description: 'How many of these are no finite numbers.' }),
    epoch: t.exposeFloat('epoch', { description: 'Passes over the training set until the last point.' }),
    tokens: t.exposeFloat('tokens', { description: 'Tokens trained on until the last point. A whole number.' }),
    time: t.expose('time', { type: 'DateTime', description: 'When the last point was measured.' }),
  }),
});

export const MetricSeriesRef = builder.objectRef<MetricSeries>('MetricSeries').implement({
  description: 'The curve of one metric, in at most as many buckets as asked for.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Which metric.' }),
    unit: t.exposeString('unit', { description: unitHelp }),
    rank: t.exposeInt('rank', { description: 'The process of a distributed run that measured it; 0 is the first.' }),
    resolution: t.exposeInt('resolution', { description: 'Steps that one bucket spans at most. 1: each bucket is a point.' }),
    isThinned: t.exposeBoolean('isThinned', {
      description: 'Whether the points were removed for being old. Buckets then span 16 steps at least, also those at the ends of a range.',
    }),
    buckets: t.field({ type: [MetricBucketRef], resolve: (series) => series.buckets, description: 'In the order of steps.' }),
  }),
});
