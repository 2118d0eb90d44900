import { compareConfigs, type ConfigDifference, NotFound, visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { checkSize } from './page.ts';

export const ConfigDifferenceRef = builder.objectRef<ConfigDifference>('ConfigDifference').implement({
  description: 'A field of the training configuration in which runs, or versions of models, differ.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Dotted path in the configuration: `optimizer.learningRate`.' }),
    values: t.field({
      type: ['JSON'],
      nullable: { list: false, items: true },
      resolve: (difference) => difference.values,
      description: 'Its value in each of them, in the order that was asked for; null where one has no such field.',
    }),
  }),
});

builder.queryField('compareRunConfigs', (t) =>
  t.field({
    type: [ConfigDifferenceRef],
    description: 'Where the configurations of runs differ. Fields that are equal in all of them are left out.',
    args: { runIds: t.arg.idList({ required: true, description: 'The runs, 1 to 100.' }) },
    complexity: ({ runIds }) => {
      checkSize('runIds', runIds.length);
      return { field: runIds.length, multiplier: 20 };
    },
    resolve: async (_root, { runIds }, { studio, viewer }) => {
      const ids = runIds.map((runId) => databaseId('Run', runId));
      const where = { id: { in: ids }, ...visibleTo(viewer) };
      const found = new Map(
        (await studio.prisma.run.findMany({ where, select: { id: true, config: true } })).map((run) => [run.id, run.config]),
      );
      const missing = ids.findIndex((id) => !found.has(id));
      if (missing >= 0) throw new NotFound(`There is no run with the id "${runIds[missing]}".`);
      return compareConfigs(ids.map((id) => found.get(id)));
    },
  }),
);
