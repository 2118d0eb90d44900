import { Conflict, Invalid, LimitExceeded, NotFound, requireScope, requireViewer, Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { ExecutionBatch } from './execution-batch.ts';
import { ExecutionSettings, settingsFrom } from './execution-settings.ts';
import { databaseId, optionalId } from './global-id.ts';
import { selecting } from './selection.ts';

const VariableColumnInput = builder.inputType('VariableColumnInput', {
  description: 'Where the value of a variable comes from.',
  fields: (t) => ({
    variable: t.string({ required: true, description: 'Name of the variable.' }),
    column: t.string({ required: true, description: 'Name of a column; `messages.0.content` for what lies inside of one.' }),
  }),
});

builder.mutationField('executeBatch', (t) =>
  t.prismaFieldWithInput({
    type: ExecutionBatch,
    description:
      'Asks a model with a prompt for each row of a dataset. Each row becomes one execution; those that are under way when a server ends are asked again by the next one. At most 20 batches of a project can be unfinished. Name one of `promptId` and `versionId`.',
    errors: {
      types: [Invalid, NotFound, Conflict, LimitExceeded, Unavailable],
      union: { description: 'The batch, or why there is none.' },
      result: { description: 'The batch has begun.' },
      dataField: { description: 'The batch.' },
    },
    typeOptions: { description: 'What is asked, of which rows.' },
    argOptions: { description: 'What is asked, of which rows.' },
    input: {
      promptId: t.input.id({ description: 'A prompt.' }),
      label: t.input.string({
        description: 'Its version that this label points to now. Left out: that of `production`; without such a label, the newest version.',
      }),
      versionId: t.input.id({ description: 'One version of a prompt.' }),
      datasetVersionId: t.input.id({ required: true, description: 'A version of a dataset of the same project.' }),
      columns: t.input.field({
        type: [VariableColumnInput],
        description: 'Which columns variables are taken from. Variables that are left out take the columns of their own names.',
      }),
      settings: t.input.field({ type: ExecutionSettings, description: 'What is to be otherwise than the version says.' }),
      concurrency: t.input.int({ defaultValue: 4, description: 'Rows that are asked at a time, 1 to 64.' }),
      limit: t.input.int({ description: 'Only so many rows, from the first one on. Left out: all.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.executionBatches.start(viewer, {
        ...settingsFrom(input.settings),
        promptId: optionalId('Prompt', input.promptId),
        label: input.label ?? undefined,
        versionId: optionalId('PromptVersion', input.versionId),
        datasetVersionId: databaseId('DatasetVersion', input.datasetVersionId),
        columns: input.columns ?? undefined,
        concurrency: input.concurrency ?? undefined,
        limit: input.limit ?? undefined,
      });
      return studio.prisma.executionBatch.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('cancelExecutionBatch', (t) =>
  t.prismaFieldWithInput({
    type: ExecutionBatch,
    description: 'Ends a batch: rows that are being asked stop, others are not asked any more. What is there stays.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The batch, or why it could not be ended.' },
      result: { description: 'The batch has ended.' },
      dataField: { description: 'The batch as it stands now.' },
    },
    typeOptions: { description: 'The batch to end.' },
    argOptions: { description: 'The batch to end.' },
    input: { batchId: t.input.id({ required: true, description: 'A batch that has not ended.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('ExecutionBatch', input.batchId);
      await studio.executionBatches.cancel(viewer, id);
      return studio.prisma.executionBatch.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

const ExecutionBatchExport = builder.objectRef<{ url: string }>('ExecutionBatchExport').implement({
  description: 'The results of a batch as a file, to be fetched.',
  fields: (t) => ({
    url: t.exposeString('url', {
      description: 'Address on this server, without its origin. Whoever has it may fetch the file for 15 minutes; it needs no header.',
    }),
  }),
});

builder.mutationField('exportExecutionBatch', (t) =>
  t.fieldWithInput({
    type: ExecutionBatchExport,
    description:
      'The rows of a batch so far as JSON Lines: row, state, variables, output, finishReason, error, model, tokens, cost in USD, milliseconds.',
    errors: {
      types: [NotFound],
      union: { description: 'Where the file is, or why there is none.' },
      result: { description: 'The file can be fetched.' },
      dataField: { description: 'Where it is.' },
    },
    typeOptions: { description: 'What to export.' },
    argOptions: { description: 'What to export.' },
    input: { batchId: t.input.id({ required: true, description: 'The batch.' }) },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireScope(viewer, 'read');
      return { url: await studio.batchExport.link(viewer, databaseId('ExecutionBatch', input.batchId)) };
    },
  }),
);
