import { compareVersions, requireViewer, type ModelVersionComparison } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { ModelVersion } from './model-version.ts';
import { ConfigDifferenceRef } from './run-comparison.ts';

const ComparedMetricRef = builder.objectRef<ModelVersionComparison['metrics'][number]>('ComparedMetric').implement({
  description: 'What a metric ended with, side by side.',
  fields: (t) => ({
    key: t.exposeString('key', { description: '`loss`, `evaluationLoss`, …' }),
    unit: t.exposeString('unit', { description: 'Unit of the values; empty for pure numbers.' }),
    values: t.floatList({
      nullable: { list: false, items: true },
      resolve: ({ values }) => values,
      description: 'Its last value for each version, in their order; null where there is none.',
    }),
  }),
});

const ModelVersionComparisonRef = builder.objectRef<ModelVersionComparison>('ModelVersionComparison').implement({
  description: 'Versions side by side.',
  fields: (t) => ({
    versions: t.prismaField({
      type: [ModelVersion],
      description: 'What is compared, in the order that was asked for: base model, run, parent and files of each.',
      resolve: async (query, { versionIds }, _args, { studio }) => {
        const found = await studio.prisma.modelVersion.findMany({ ...query, where: { id: { in: versionIds } } });
        return versionIds.flatMap((id) => found.filter((version) => version.id === id));
      },
    }),
    config: t.field({
      type: [ConfigDifferenceRef],
      resolve: ({ config }) => config,
      description: 'How their training configurations differ. Fields that are the same in all are left out.',
    }),
    metrics: t.field({
      type: [ComparedMetricRef],
      resolve: ({ metrics }) => metrics,
      description: 'What each metric ended with, loss first.',
    }),
  }),
});

builder.queryField('compareModelVersions', (t) =>
  t.field({
    type: ModelVersionComparisonRef,
    description: 'Puts versions side by side, of one model or of several.',
    args: { ids: t.arg.idList({ required: true, description: '2 to 20 versions, in the order of the columns.' }) },
    complexity: { field: 20, multiplier: 20 },
    resolve: (_root, { ids }, { studio, viewer }) => {
      requireViewer(viewer);
      return compareVersions(
        studio.prisma,
        viewer,
        ids.map((id) => databaseId('ModelVersion', id)),
      );
    },
  }),
);
