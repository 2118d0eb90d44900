import { leaderboard, longestLeaderboard, type LeaderboardRow } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId, optionalId } from './global-id.ts';
import { checkSize } from './page.ts';
import { PromptVersion } from './prompt-version.ts';
import { Prompt } from './prompt.ts';

const LeaderboardOrder = builder.enumType('LeaderboardOrder', {
  description: 'What prompts and versions are ranked by. Those of which it is not known come last.',
  values: {
    RATING: { description: '`shrunkRating`, the highest first.' },
    SUCCESS: {
      description: 'Share of executions that succeeded, the highest first; as if each had had ten more executions with the share of all.',
    },
    COST: { description: '`meanCostUsd`, the lowest first.' },
    LATENCY: { description: '`meanMilliseconds`, the lowest first.' },
    EXECUTIONS: { description: 'How often it was executed, the most first.' },
  } as const,
});

const LeaderboardFigures = builder.interfaceRef<LeaderboardRow>('LeaderboardFigures').implement({
  description: 'What the executions of a prompt, or of a version, came to within a period.',
  fields: (t) => ({
    executions: t.exposeInt('executions', { description: 'How many there were.' }),
    succeeded: t.exposeInt('succeeded', { description: 'Of these: succeeded.' }),
    failed: t.exposeInt('failed', { description: 'Of these: failed.' }),
    successRate: t.exposeFloat('successRate', {
      nullable: true,
      description: 'Succeeded of those that succeeded or failed, 0 to 1; null: none did either.',
    }),
    ratings: t.exposeInt('ratings', { description: 'How many ratings they got.' }),
    meanRating: t.exposeFloat('meanRating', { nullable: true, description: 'Mean of these, 1 to 5; null: there is none.' }),
    shrunkRating: t.exposeFloat('shrunkRating', {
      nullable: true,
      description:
        'The same, drawn to the mean of all ratings as if ten more people had given just that (Bayesian shrinkage): few ratings say little. Null: nobody has rated anything.',
    }),
    meanCostUsd: t.exposeFloat('meanCostUsd', {
      nullable: true,
      description: 'Mean cost of an execution that was not answered from the cache, in USD; null: not known.',
    }),
    totalCostUsd: t.exposeFloat('totalCostUsd', { description: 'What all of them have cost, as far as it is known, in USD.' }),
    meanMilliseconds: t.exposeFloat('meanMilliseconds', {
      nullable: true,
      description: 'Mean milliseconds of an execution that succeeded and was not answered from the cache; null: there is none.',
    }),
  }),
});

const PromptRankRef = builder.objectRef<LeaderboardRow>('PromptRank').implement({
  description: 'A prompt on a leaderboard.',
  interfaces: [LeaderboardFigures],
  fields: (t) => ({
    prompt: t.prismaField({
      type: Prompt,
      description: 'The prompt.',
      resolve: (query, { id }, _args, { studio }) => studio.prisma.prompt.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});

const PromptVersionRankRef = builder.objectRef<LeaderboardRow>('PromptVersionRank').implement({
  description: 'A version of a prompt on a leaderboard.',
  interfaces: [LeaderboardFigures],
  fields: (t) => ({
    promptVersion: t.prismaField({
      type: PromptVersion,
      description: 'The version.',
      resolve: (query, { id }, _args, { studio }) => studio.prisma.promptVersion.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});

const cost = ({ first }: { first: number }) => {
  checkSize('first', first);
  return { field: 20, multiplier: first };
};

builder.queryField('promptLeaderboard', (t) =>
  t.field({
    type: [PromptRankRef],
    description: 'The prompts of a project, ranked by what their executions came to, the best first.',
    args: {
      projectId: t.arg.id({ required: true, description: 'The project.' }),
      orderBy: t.arg({ type: LeaderboardOrder, required: true, defaultValue: 'RATING', description: 'What they are ranked by.' }),
      from: t.arg({ type: 'DateTime', description: 'Only executions that were asked for at this time or later.' }),
      to: t.arg({ type: 'DateTime', description: 'Only executions that were asked for before this time.' }),
      first: t.arg.int({ required: true, defaultValue: 20, description: `So many, 1 to ${longestLeaderboard}.` }),
    },
    complexity: cost,
    resolve: (_root, { projectId, orderBy, from, to, first }, { studio, viewer }) =>
      leaderboard(studio.prisma, viewer, 'prompts', {
        projectId: databaseId('Project', projectId),
        orderBy,
        first,
        from: from ?? undefined,
        to: to ?? undefined,
      }),
  }),
);

builder.queryField('promptVersionLeaderboard', (t) =>
  t.field({
    type: [PromptVersionRankRef],
    description: 'Versions of the prompts of a project, or of one prompt, ranked by what their executions came to, the best first.',
    args: {
      projectId: t.arg.id({ required: true, description: 'The project.' }),
      promptId: t.arg.id({ description: 'Only versions of this prompt.' }),
      orderBy: t.arg({ type: LeaderboardOrder, required: true, defaultValue: 'RATING', description: 'What they are ranked by.' }),
      from: t.arg({ type: 'DateTime', description: 'Only executions that were asked for at this time or later.' }),
      to: t.arg({ type: 'DateTime', description: 'Only executions that were asked for before this time.' }),
      first: t.arg.int({ required: true, defaultValue: 20, description: `So many, 1 to ${longestLeaderboard}.` }),
    },
    complexity: cost,
    resolve: (_root, { projectId, promptId, orderBy, from, to, first }, { studio, viewer }) =>
      leaderboard(studio.prisma, viewer, 'versions', {
        projectId: databaseId('Project', projectId),
        promptId: optionalId('Prompt', promptId),
        orderBy,
        first,
        from: from ?? undefined,
        to: to ?? undefined,
      }),
  }),
);
