import type { ExecutionMessage } from '@anneal/core';
import { builder } from './builder.ts';
import { Execution, ExecutionErrorRef, problemIn } from './execution.ts';
import { databaseId } from './global-id.ts';
import { resumeAfter } from './resume.ts';
import { selecting } from './selection.ts';
import { stoppable } from './stream.ts';

const errorColumns = { errorCode: true, errorMessage: true, errorIssues: true } as const;

const ExecutionStreamMessage = builder.objectRef<ExecutionMessage>('ExecutionStreamMessage').implement({
  description: 'Some more of an answer, or its end.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Give it as `after` to go on behind this message.' }),
    attempt: t.exposeInt('attempt', {
      description:
        'Which asking of the model the text belongs to, from 1; 0: it came out of the output cache. When it rises the answer begins anew: forget the text before.',
    }),
    text: t.exposeString('text', { description: 'The text since the message before; empty at the end.' }),
    error: t.field({
      type: ExecutionErrorRef,
      nullable: true,
      description: 'At the end, why it failed; null before, and when it did not. An API key without the scope `read` sees it here alone.',
      resolve: async ({ isEnd, executionId }, _args, { studio }) => {
        const row = isEnd ? await studio.prisma.execution.findUnique({ where: { id: executionId }, select: errorColumns }) : null;
        return row && problemIn(row);
      },
    }),
    execution: t.prismaField({
      type: Execution,
      nullable: true,
      description: 'At the end, the execution with its figures; null before.',
      resolve: (query, { isEnd, executionId }, _args, { studio }) =>
        isEnd ? studio.prisma.execution.findUnique({ ...selecting(query), where: { id: executionId } }) : null,
    }),
  }),
});

builder.subscriptionField('executionStream', (t) =>
  t.field({
    type: ExecutionStreamMessage,
    // An API key that may execute and not read follows what was executed with itself.
    skipTypeScopes: true,
    description:
      'The answer of an execution as it is written, then its end with figures. Replays what is stored behind `after`, then goes live, without gap or duplicate. Also of an execution that has ended. An API key without the scope `read` may follow what it has executed itself.',
    args: {
      id: t.arg.id({ required: true, description: 'The execution to follow.' }),
      after: t.arg.string({ description: 'A cursor from an earlier message. Left out: from the beginning.' }),
    },
    subscribe: async (_root, { id, after }, context) => {
      const executionId = databaseId('Execution', id);
      await context.studio.executions.checkFollower(context.viewer, executionId);
      return stoppable((signal) => context.studio.streams.executionStream(executionId, { after: resumeAfter(context, after), signal }));
    },
    resolve: (message, _args, { position }) => {
      position.cursor = message.cursor;
      return message;
    },
  }),
);
