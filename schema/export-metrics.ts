import { Invalid, NotFound, requireScope } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';

const ExportFormat = builder.enumType('MetricExportFormat', {
  description: 'How exported metrics are written.',
  values: {
    CSV: { description: 'A table with a header (RFC 4180). What is no finite number is written as NaN, Infinity or -Infinity.' },
    JSON: { description: 'An array of objects. What is no finite number is a string: "NaN", "Infinity" or "-Infinity".' },
  } as const,
});

const MetricExportRef = builder.objectRef<{ url: string }>('MetricExport').implement({
  description: 'A file of metrics, to be fetched.',
  fields: (t) => ({
    url: t.exposeString('url', {
      description: 'Address on this server, without its origin. Whoever has it may fetch the file for 15 minutes; it needs no header.',
    }),
  }),
});

builder.mutationField('exportMetrics', (t) =>
  t.fieldWithInput({
    type: MetricExportRef,
    description:
      'Every point of runs as a file: run, metric, rank, step, value, epoch, tokens and time. Of a run whose points were removed for being old, up to 16 steps are one row, with how many points it stands for.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'Where the file is, or why there is none.' },
      result: { description: 'The file can be fetched.' },
      dataField: { description: 'Where it is.' },
    },
    typeOptions: { description: 'What to export.' },
    argOptions: { description: 'What to export.' },
    input: {
      runIds: t.input.idList({ required: true, description: '1 to 100 runs.' }),
      keys: t.input.stringList({ description: 'At most 50 metrics. Left out: all.' }),
      format: t.input.field({ type: ExportFormat, required: true, description: 'How it is written.' }),
    },
    resolve: async (_root, { input: { runIds, keys, format } }, { studio, viewer }) => {
      requireScope(viewer, 'read');
      const ids = runIds.map((id) => databaseId('Run', id));
      return { url: await studio.metricExport.link(viewer, { runIds: ids, keys: keys ?? undefined, format }) };
    },
  }),
);
