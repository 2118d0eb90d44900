import type { MetricPoint, MetricsBatch } from '@anneal/core';
import { builder } from './builder.ts';
import { existingRun } from './existing-run.ts';
import { NonFiniteRef } from './metric.ts';
import { resumeAfter } from './resume.ts';
import { sameForAll, stoppable } from './stream.ts';

const MetricPointRef = builder.objectRef<MetricPoint>('MetricPoint').implement({
  description: 'One measured value.',
  extensions: sameForAll,
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Which metric: `loss`, `learningRate`, `evaluationLoss`, …' }),
    rank: t.exposeInt('rank', { description: 'The process of a distributed run that measured it; 0 is the first.' }),
    step: t.exposeInt('step', { description: 'Optimizer steps done; 0 is the evaluation before training.' }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'In the unit of the metric, which `Run.summary` tells. Null when it is no finite number: `nonFinite` tells which.',
    }),
    nonFinite: t.expose('nonFinite', {
      type: NonFiniteRef,
      nullable: true,
      description: 'What the value is when it is no finite number; null when it is one.',
    }),
    epoch: t.exposeFloat('epoch', { description: 'Passes over the training set so far: 1.25.' }),
    tokens: t.exposeFloat('tokens', { description: 'Input tokens trained on so far. A whole number.' }),
    time: t.expose('time', { type: 'DateTime', description: 'When it was measured.' }),
  }),
});

const TrainingMetricsBatch = builder.objectRef<MetricsBatch>('TrainingMetricsBatch').implement({
  description: 'Points that became known together.',
  extensions: sameForAll,
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Give it as `after` to go on behind this batch.' }),
    points: t.field({
      type: [MetricPointRef],
      resolve: (batch) => batch.points,
      description: 'In the order in which they became known: that of steps, unless a trainer elsewhere sends them otherwise.',
    }),
  }),
});

builder.subscriptionField('trainingMetrics', (t) =>
  t.field({
    type: TrainingMetricsBatch,
    description:
      'Every point of every step, in the order in which they became known, in batches. Replays what is stored behind `after`, then goes live, without gap or duplicate. Ends when the run has ended and all was sent. Points that were removed for being old do not come again.',
    args: {
      runId: t.arg.id({ required: true, description: 'The run to follow.' }),
      keys: t.arg.stringList({ description: 'Only these metrics. Left out: all.' }),
      after: t.arg.string({ description: 'A cursor from an earlier batch or `Run.metricsCursor`. Left out: from the beginning.' }),
    },
    subscribe: async (_root, { runId, keys, after }, context) => {
      const id = await existingRun(context, runId);
      return stoppable((signal) =>
        context.studio.streams.trainingMetrics(id, { keys: keys ?? undefined, after: resumeAfter(context, after), signal }),
      );
    },
    resolve: (batch, _args, { position }) => {
      position.cursor = batch.cursor;
      return batch;
    },
  }),
);
