import type { ExecutionFigures } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId, optionalId } from './global-id.ts';

const ExecutionFiguresGroup = builder.enumType('ExecutionFiguresGroup', {
  description: 'What executions are added up by.',
  values: {
    DAY: { description: 'Day on which they were made, in UTC. Days without executions are left out.' },
    MODEL: { description: 'Model that was asked.' },
    PROMPT: { description: 'Prompt.' },
    VERSION: { description: 'Version of a prompt.' },
  } as const,
});

type Group = typeof ExecutionFiguresGroup.$inferType;

const ExecutionFiguresRef = builder.objectRef<ExecutionFigures & { by: Group }>('ExecutionFigures').implement({
  description: 'What executions of one group came to. Percentiles are of those that a model has answered, by nearest rank.',
  fields: (t) => ({
    day: t.string({
      nullable: true,
      resolve: ({ by, group }) => (by === 'DAY' ? group : null),
      description: 'The day, YYYY-MM-DD in UTC; null when they are not added up by day.',
    }),
    model: t.string({
      nullable: true,
      resolve: ({ by, group }) => (by === 'MODEL' ? group : null),
      description: 'The model, `plugin/model`; null when they are not added up by model.',
    }),
    prompt: t.prismaField({
      type: 'Prompt',
      nullable: true,
      description: 'The prompt; null when they are not added up by prompt, for those without one, and when it was deleted.',
      resolve: (query, { by, group }, _args, { studio }) =>
        by === 'PROMPT' && group !== null ? studio.prisma.prompt.findUnique({ ...query, where: { id: group } }) : null,
    }),
    promptVersion: t.prismaField({
      type: 'PromptVersion',
      nullable: true,
      description: 'The version; null when they are not added up by version, for those without one, and when it was deleted.',
      resolve: (query, { by, group }, _args, { studio }) =>
        by === 'VERSION' && group !== null ? studio.prisma.promptVersion.findUnique({ ...query, where: { id: group } }) : null,
    }),
    executions: t.exposeInt('executions', { description: 'How many there were.' }),
    succeeded: t.exposeInt('succeeded', { description: 'Of these: answered.' }),
    failed: t.exposeInt('failed', { description: 'Of these: failed.' }),
    cancelled: t.exposeInt('cancelled', { description: 'Of these: cancelled.' }),
    cached: t.exposeInt('cached', { description: 'Of those answered: from the output cache.' }),
    inputTokens: t.exposeFloat('inputTokens', { description: 'Tokens of all questions. A whole number.' }),
    outputTokens: t.exposeFloat('outputTokens', { description: 'Tokens of all answers. A whole number.' }),
    costUsd: t.exposeFloat('costUsd', { description: 'What they have cost, in USD, as far as prices are known.' }),
    savedUsd: t.exposeFloat('savedUsd', { description: 'What answers from the output cache had cost when they were made, in USD.' }),
    savedSeconds: t.float({
      resolve: ({ savedMilliseconds }) => savedMilliseconds / 1000,
      description: 'What answers from the output cache had taken when they were made, in seconds.',
    }),
    millisecondsP50: t.exposeFloat('millisecondsP50', {
      nullable: true,
      description: 'Half of the answers were whole within so many milliseconds; null when there was none.',
    }),
    millisecondsP95: t.exposeFloat('millisecondsP95', {
      nullable: true,
      description: '95 % of the answers were whole within so many milliseconds; null when there was none.',
    }),
    firstTextAfterP50: t.exposeFloat('firstTextAfterP50', {
      nullable: true,
      description: 'Half of the answers began within so many milliseconds; null when there was none.',
    }),
    firstTextAfterP95: t.exposeFloat('firstTextAfterP95', {
      nullable: true,
      description: '95 % of the answers began within so many milliseconds; null when there was none.',
    }),
  }),
});

const ExecutionFiguresFilter = builder.inputType('ExecutionFiguresFilter', {
  description: 'Which executions are added up. All that is given must hold.',
  fields: (t) => ({
    promptId: t.id({ description: 'Of this prompt.' }),
    promptVersionId: t.id({ description: 'Of this version.' }),
    abTestId: t.id({ description: 'Of this A/B test.' }),
    batchId: t.id({ description: 'Of this batch.' }),
    model: t.string({ description: 'Of this model, `plugin/model`.' }),
    sessionId: t.string({ description: 'Of this session, as the caller has named it.' }),
    from: t.field({ type: 'DateTime', description: 'Made from then on. Left out: thirty days before `to`.' }),
    to: t.field({ type: 'DateTime', description: 'Made before then. Left out: until now. At most 400 days after `from`.' }),
  }),
});

builder.queryField('executionFigures', (t) =>
  t.field({
    type: [ExecutionFiguresRef],
    description:
      'Counts, tokens, costs and times of the executions of a project, added up. By day: in the order of days; otherwise: the most executed first, at most 400.',
    args: {
      projectId: t.arg.id({ required: true, description: 'The project.' }),
      by: t.arg({ type: ExecutionFiguresGroup, required: true, defaultValue: 'DAY', description: 'What they are added up by.' }),
      filter: t.arg({ type: ExecutionFiguresFilter, description: 'Which executions.' }),
    },
    resolve: async (_root, { projectId, by, filter }, { studio, viewer }) => {
      const figures = await studio.executionFigures.by(viewer, databaseId('Project', projectId), by, {
        promptId: optionalId('Prompt', filter?.promptId),
        promptVersionId: optionalId('PromptVersion', filter?.promptVersionId),
        abTestId: optionalId('AbTest', filter?.abTestId),
        batchId: optionalId('ExecutionBatch', filter?.batchId),
        model: filter?.model ?? undefined,
        sessionId: filter?.sessionId ?? undefined,
        from: filter?.from ?? undefined,
        to: filter?.to ?? undefined,
      });
      return figures.map((group) => ({ ...group, by }));
    },
  }),
);
