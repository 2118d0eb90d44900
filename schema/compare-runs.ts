import { metricSummaries, requireViewer, type ComparedRun } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { MetricSeriesRef, MetricSummaryRef } from './metric.ts';
import { maximumPoints, pointLimit, seriesCost } from './point-limit.ts';
import { Run } from './run.ts';
import { selecting } from './selection.ts';

const ComparedRunRef = builder.objectRef<ComparedRun>('ComparedRun').implement({
  description: 'A run beside others.',
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { run }, _args, { studio }) => studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id: run.id } }),
    }),
    summary: t.field({
      type: [MetricSummaryRef],
      description: 'Last, lowest and highest value of the metrics that are compared, as far as the run has them.',
      resolve: ({ run, keys }) => metricSummaries(run.summary).filter(({ key }) => keys.includes(key)),
    }),
    series: t.field({
      type: [MetricSeriesRef],
      // Counted with the field above, by the points that are asked for.
      complexity: { field: 1, multiplier: 0 },
      description: 'Its curves, in the order of `keys`; one without buckets where the run has no such metric.',
      resolve: ({ series }) => series,
    }),
  }),
});

builder.queryField('compareRuns', (t) =>
  t.field({
    type: [ComparedRunRef],
    description: 'Curves and summaries of several runs at once, in the order of `ids`.',
    args: {
      ids: t.arg.idList({ required: true, description: 'At most 100 runs.' }),
      keys: t.arg.stringList({ required: true, description: 'At most 50 metrics.' }),
      rank: t.arg.int({ defaultValue: 0, description: 'Curves of which process; 0 is the first.' }),
      fromStep: t.arg.int({ description: 'First step. Left out: from the beginning.' }),
      toStep: t.arg.int({ description: 'Last step. Left out: to the end.' }),
      maxPoints: t.arg.int({ defaultValue: 200, description: `Most buckets of one curve, 1 to ${maximumPoints}.` }),
    },
    complexity: ({ ids, keys, maxPoints }) => ({ ...seriesCost(ids.length, keys.length, maxPoints), multiplier: Math.max(1, ids.length) }),
    resolve: (_root, { ids, keys, rank, fromStep, toStep, maxPoints }, { studio, viewer }) => {
      requireViewer(viewer);
      const runIds = ids.map((id) => databaseId('Run', id));
      return studio.metrics.compare(viewer, runIds, keys, {
        rank: rank ?? undefined,
        fromStep: fromStep ?? undefined,
        toStep: toStep ?? undefined,
        maxPoints: pointLimit(maxPoints),
      });
    },
  }),
);
