import { type Range, type Standing, type VariantDifference, type VariantStanding, visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { connectionCost } from './page.ts';
import { authors } from './prompt-author.ts';
import { PromptVersion } from './prompt-version.ts';
import { Prompt } from './prompt.ts';
import { User } from './user.ts';

const AbTestState = builder.enumType('AbTestState', {
  description: 'Where an A/B test stands.',
  values: {
    RUNNING: { description: 'It assigns subjects to variants.' },
    STOPPED: { description: 'It assigns nobody any more. What was executed for it stays counted.' },
  } as const,
});

export const AbMetric = builder.enumType('AbMetric', {
  description: 'What the variants of an A/B test are judged by.',
  values: {
    SUCCESS: { description: 'Share of executions that succeeded, of those that succeeded or failed. Higher is better.' },
    RATING: { description: 'Mean rating of the feedback, 1 to 5. Higher is better.' },
    LATENCY: { description: 'Mean milliseconds of executions that succeeded and were not answered from the cache. Lower is better.' },
    COST: { description: 'Mean USD of executions with a known cost that were not answered from the cache. Lower is better.' },
  } as const,
});

const AbVariantRef = builder.prismaObject('AbVariant', {
  description: 'One of the things that an A/B test compares: a version of the prompt, maybe with another model.',
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Names it within its test.' }),
    name: t.exposeString('name', { description: 'What it is called; no two variants of a test have the same name.' }),
    promptVersion: t.relation('promptVersion', { type: PromptVersion, description: 'What is asked.' }),
    model: t.exposeString('model', { nullable: true, description: 'The model that is asked, `plugin/model`; null: that of the version.' }),
    weight: t.exposeFloat('weight', { description: 'Its share of the subjects is this, divided by the sum over all variants.' }),
  }),
});

const RangeRef = builder.objectRef<Range>('ConfidenceRange').implement({
  description: 'Where the true value lies, up to the alpha of the test, at all times at once: it may be looked at as often as one likes.',
  fields: (t) => ({
    low: t.exposeFloat('low', { description: 'Its lower end, in units of the metric.' }),
    high: t.exposeFloat('high', { description: 'Its upper end, in units of the metric.' }),
  }),
});

const VariantDifferenceRef = builder.objectRef<VariantDifference>('AbDifference').implement({
  description: 'How a variant compares with the first one.',
  fields: (t) => ({
    value: t.exposeFloat('value', { description: 'Its mean less that of the first variant, in units of the metric.' }),
    interval: t.field({ type: RangeRef, resolve: ({ low, high }) => ({ low, high }), description: 'Where the true difference lies.' }),
    pValue: t.exposeFloat('pValue', {
      description: 'Always-valid p-value of "there is no difference", 0 to 1, corrected for the number of variants.',
    }),
    isSignificant: t.exposeBoolean('isSignificant', { description: 'Whether that is at most the alpha of the test.' }),
    isBetter: t.exposeBoolean('isBetter', { description: 'Whether its mean is the better one, significant or not.' }),
  }),
});

const VariantStandingRef = builder.objectRef<VariantStanding>('AbVariantStanding').implement({
  description: 'How a variant of an A/B test does.',
  fields: (t) => ({
    variant: t.prismaField({
      type: AbVariantRef,
      description: 'The variant.',
      resolve: (query, { variantId }, _args, { studio }) =>
        studio.prisma.abVariant.findUniqueOrThrow({ ...query, where: { id: variantId } }),
    }),
    executions: t.exposeInt('executions', { description: 'How often it was executed, whatever became of that.' }),
    values: t.exposeInt('values', { description: 'How many values of the metric there are: executions that count, or ratings.' }),
    subjects: t.exposeInt('subjects', { description: 'How many subjects these come from.' }),
    mean: t.exposeFloat('mean', { nullable: true, description: 'Mean of the values; null: there is none yet.' }),
    interval: t.field({
      type: RangeRef,
      nullable: true,
      resolve: ({ interval }) => interval,
      description: 'Where its true mean lies; null: there are too few subjects yet.',
    }),
    difference: t.field({
      type: VariantDifferenceRef,
      nullable: true,
      resolve: (standing) => standing.difference,
      description: 'How it compares with the first variant; null for that one, and as long as one of the two has too few subjects.',
    }),
  }),
});

const StandingRef = builder.objectRef<Standing>('AbStanding').implement({
  description: 'How the variants of an A/B test do. It may be looked at, and acted upon, at any time.',
  fields: (t) => ({
    variants: t.field({ type: [VariantStandingRef], resolve: ({ variants }) => variants, description: 'In the order of the test.' }),
    isSignificant: t.exposeBoolean('isSignificant', { description: 'Whether any variant differs significantly from the first one.' }),
    leaderId: t.id({
      nullable: true,
      resolve: ({ leaderId }) => leaderId,
      description:
        'Id of the variant to choose: the best of those that are significantly better than the first, or the first when all others are significantly worse. Null: it cannot be told yet.',
    }),
    method: t.exposeString('method', { description: 'How all of this is calculated, and what it means, for people.' }),
  }),
});

export const AbTest = builder.prismaNode('AbTest', {
  description: 'Versions of a prompt, or models, against each other, with subjects that are given to them by lot.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, prompt: visibleTo(viewer) }),
  authScopes: ({ prompt }) => ({ member: prompt.projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, createdById: true, prompt: { select: { projectId: true } } },
  fields: (t) => ({
    prompt: t.relation('prompt', { type: Prompt, description: 'The prompt that it is about.' }),
    name: t.exposeString('name', { description: 'Its name; no two tests of a prompt have the same.' }),
    state: t.expose('state', { type: AbTestState, description: 'Where it stands.' }),
    metric: t.expose('metric', { type: AbMetric, description: 'What the variants are judged by.' }),
    alpha: t.exposeFloat('alpha', {
      description:
        'Chance of calling variants different that are not, at whatever time and however often one looks: 0.05 is 1 of 20 tests.',
    }),
    variants: t.relation('variants', {
      type: AbVariantRef,
      query: { orderBy: { position: 'asc' } },
      description: 'Two to ten; the others are compared with the first one.',
    }),
    variantFor: t.prismaField({
      type: AbVariantRef,
      nullable: true,
      args: { subjectId: t.arg.string({ required: true, description: 'A user, a session: 1 to 200 characters.' }) },
      description: 'The variant that a subject gets, always the same one; null: the test was stopped. Asking stores nothing.',
      resolve: async (query, { id }, { subjectId }, { studio, viewer }) => {
        const variant = await studio.abTests.variantFor(viewer, id, subjectId);
        return variant && studio.prisma.abVariant.findUnique({ ...query, where: { id: variant.id } });
      },
    }),
    standing: t.field({
      type: StandingRef,
      complexity: { field: 20, multiplier: 10 },
      description: 'How the variants do now.',
      resolve: ({ id }, _args, { studio, viewer }) => studio.abTests.standing(viewer, id),
    }),
    winner: t.prismaField({
      type: AbVariantRef,
      nullable: true,
      select: { winnerVariantId: true },
      description: 'The variant that was promoted; null: none was.',
      resolve: (query, { winnerVariantId }, _args, { studio }) =>
        winnerVariantId === null ? null : studio.prisma.abVariant.findUnique({ ...query, where: { id: winnerVariantId } }),
    }),
    createdBy: t.loadable({
      type: User,
      nullable: true,
      description: 'Who began it; null: somebody who was removed.',
      load: (ids: string[], { studio }) => authors(studio.prisma, ids),
      resolve: ({ createdById }) => createdById,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    stoppedAt: t.expose('stoppedAt', { type: 'DateTime', nullable: true, description: 'When it ended; null: it runs.' }),
  }),
});

builder.prismaObjectFields(Prompt, (t) => ({
  abTests: t.prismaConnection({
    type: AbTest,
    cursor: 'id',
    complexity: connectionCost,
    args: { state: t.arg({ type: AbTestState, description: 'Only those that stand so. Left out: all.' }) },
    description: 'Its A/B tests, the newest first.',
    totalCount: ({ id: promptId }, { state }, { studio }) => studio.prisma.abTest.count({ where: { promptId, state: state ?? undefined } }),
    resolve: (query, { id: promptId }, { state }, { studio }) =>
      studio.prisma.abTest.findMany({
        ...query,
        where: { promptId, state: state ?? undefined },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      }),
  }),
}));
