import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { Feedback } from './feedback.ts';
import { databaseId } from './global-id.ts';
import { selecting } from './selection.ts';

builder.mutationField('giveFeedback', (t) =>
  t.prismaFieldWithInput({
    type: Feedback,
    description: 'Says what you think of an execution. Said again, it takes the place of what you had said before.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The feedback, or why there is none.' },
      result: { description: 'The feedback was stored.' },
      dataField: { description: 'The feedback.' },
    },
    typeOptions: { description: 'What you think.' },
    argOptions: { description: 'What you think.' },
    input: {
      executionId: t.input.id({ required: true, description: 'An execution that has ended.' }),
      rating: t.input.int({ required: true, description: '1 (bad) to 5 (good).' }),
      text: t.input.string({ description: 'Why; at most 10,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const executionId = databaseId('Execution', input.executionId);
      const { id } = await studio.feedback.give(viewer, { executionId, rating: input.rating, text: input.text ?? undefined });
      return studio.prisma.feedback.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteFeedback', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Takes back what you have said about an execution. Owners of the project take back what others have.',
    errors: {
      types: [NotFound],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The feedback is gone.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The feedback to take back.' },
    argOptions: { description: 'The feedback to take back.' },
    input: { feedbackId: t.input.id({ required: true, description: 'The feedback.' }) },
    resolve: async (_root, { input: { feedbackId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.feedback.delete(viewer, databaseId('Feedback', feedbackId));
      return feedbackId;
    },
  }),
);
