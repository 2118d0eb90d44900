import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { AbMetric, AbTest } from './ab-test.ts';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { selecting } from './selection.ts';

const AbVariantInput = builder.inputType('AbVariantInput', {
  description: 'Something that an A/B test is to compare.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 100 characters; no other variant of the test may have it.' }),
    promptVersionId: t.id({ required: true, description: 'What is asked: a version of the prompt.' }),
    model: t.string({ description: 'The model that is asked, `plugin/model`. Left out: that of the version.' }),
    weight: t.float({
      defaultValue: 1,
      description: 'Above 0, at most 1,000,000. Its share of the subjects is this, divided by the sum over all variants.',
    }),
  }),
});

builder.mutationField('createAbTest', (t) =>
  t.prismaFieldWithInput({
    type: AbTest,
    description: 'Begins an A/B test. It assigns subjects from now on: execute the prompt with `abTestId` and `subjectId`.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new test, or why there is none.' },
      result: { description: 'The test runs.' },
      dataField: { description: 'The new test.' },
    },
    typeOptions: { description: 'The test to begin.' },
    argOptions: { description: 'The test to begin.' },
    input: {
      promptId: t.input.id({ required: true, description: 'The prompt.' }),
      name: t.input.string({ required: true, description: '1 to 100 characters; no other test of the prompt may have it.' }),
      metric: t.input.field({ type: AbMetric, required: true, description: 'What the variants are judged by.' }),
      alpha: t.input.float({
        defaultValue: 0.05,
        description: 'Chance of calling variants different that are not: 0.001 to 0.2.',
      }),
      variants: t.input.field({
        type: [AbVariantInput],
        required: true,
        description: 'Two to ten; the first one is what the others are compared with.',
      }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { promptId, name, metric, alpha, variants } = input;
      const { id } = await studio.abTests.create(viewer, {
        promptId: databaseId('Prompt', promptId),
        name,
        metric,
        alpha: alpha ?? undefined,
        variants: variants.map((variant) => ({
          name: variant.name,
          promptVersionId: databaseId('PromptVersion', variant.promptVersionId),
          model: variant.model,
          weight: variant.weight ?? undefined,
        })),
      });
      return studio.prisma.abTest.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('stopAbTest', (t) =>
  t.prismaFieldWithInput({
    type: AbTest,
    description: 'Ends an A/B test: it assigns nobody any more. One that was stopped stays so.',
    errors: {
      types: [NotFound],
      union: { description: 'The test, or why nothing was changed.' },
      result: { description: 'The test is stopped.' },
      dataField: { description: 'The test as it is now.' },
    },
    typeOptions: { description: 'The test to stop.' },
    argOptions: { description: 'The test to stop.' },
    input: { abTestId: t.input.id({ required: true, description: 'The test.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.abTests.stop(viewer, databaseId('AbTest', input.abTestId));
      return studio.prisma.abTest.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('promoteAbTestWinner', (t) =>
  t.prismaFieldWithInput({
    type: AbTest,
    description:
      'Lets a label point to what has won an A/B test, and ends the test. Where the winner asked another model than its version says, a version with that model is made.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The test, or why nothing was changed.' },
      result: { description: 'The label points to the winner, and the test is stopped.' },
      dataField: { description: 'The test as it is now.' },
    },
    typeOptions: { description: 'What is to be promoted.' },
    argOptions: { description: 'What is to be promoted.' },
    input: {
      abTestId: t.input.id({ required: true, description: 'The test.' }),
      label: t.input.string({
        required: true,
        description: '1 to 40 of `a-z`, `0-9` and `-`: `production`. A protected one is moved by owners of the project.',
      }),
      variantId: t.input.id({
        description: 'Id of a variant. Left out: the one that is significantly ahead (`leaderId`), if there is one.',
      }),
      notes: t.input.string({ description: 'Why; at most 1,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.abTests.promote(viewer, {
        testId: databaseId('AbTest', input.abTestId),
        label: input.label,
        variantId: input.variantId ?? undefined,
        notes: input.notes ?? undefined,
      });
      return studio.prisma.abTest.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteAbTest', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes an A/B test. Its executions stay.',
    errors: {
      types: [NotFound],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The test is gone.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The test to delete.' },
    argOptions: { description: 'The test to delete.' },
    input: { abTestId: t.input.id({ required: true, description: 'The test.' }) },
    resolve: async (_root, { input: { abTestId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.abTests.delete(viewer, databaseId('AbTest', abTestId));
      return abTestId;
    },
  }),
);
