import { type CacheStatistics, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';

const OutputCacheStatistics = builder.objectRef<CacheStatistics>('OutputCacheStatistics').implement({
  description: 'What the output cache of a project holds and is worth.',
  fields: (t) => ({
    entries: t.exposeInt('entries', { description: 'Outputs that it holds now.' }),
    bytes: t.exposeFloat('bytes', { description: 'Their size, in bytes. A whole number.' }),
    hits: t.exposeInt('hits', { description: 'Executions of the period that were answered from it.' }),
    misses: t.exposeInt('misses', { description: 'Executions of the period that a model has answered.' }),
    hitRate: t.exposeFloat('hitRate', {
      nullable: true,
      description: 'Share of the answers that came from it, 0 to 1; null when there was none.',
    }),
    savedSeconds: t.float({
      resolve: ({ savedMilliseconds }) => savedMilliseconds / 1000,
      description: 'What the answers from it had taken when they were made, in seconds.',
    }),
    savedUsd: t.exposeFloat('savedUsd', { description: 'What they had cost then, in USD.' }),
  }),
});

builder.queryField('outputCache', (t) =>
  t.field({
    type: OutputCacheStatistics,
    description: 'The output cache of a project: answers of language models that are given again to the same question.',
    args: {
      projectId: t.arg.id({ required: true, description: 'The project.' }),
      from: t.arg({ type: 'DateTime', description: 'Counts executions from then on. Left out: all.' }),
      to: t.arg({ type: 'DateTime', description: 'Counts executions before then. Left out: until now.' }),
    },
    resolve: (_root, { projectId, from, to }, { studio, viewer }) =>
      studio.cacheStatistics.of(viewer, databaseId('Project', projectId), { from: from ?? undefined, to: to ?? undefined }),
  }),
);

builder.mutationField('clearOutputCache', (t) =>
  t.fieldWithInput({
    type: 'Int',
    description: 'Deletes the outputs that a project keeps, so that models are asked again.',
    errors: {
      types: [NotFound],
      union: { description: 'How many outputs were deleted, or why none.' },
      result: { description: 'The outputs are gone.' },
      dataField: { description: 'How many there were.' },
    },
    typeOptions: { description: 'Whose outputs to delete.' },
    argOptions: { description: 'Whose outputs to delete.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      model: t.input.string({ description: 'Only those of this model, `plugin/model`. Left out: all.' }),
    },
    resolve: (_root, { input: { projectId, model } }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.cacheStatistics.clear(viewer, databaseId('Project', projectId), model ?? undefined);
    },
  }),
);
