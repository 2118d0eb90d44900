import { Conflict, Invalid, NotFound, Unavailable, StudioError } from '@anneal/core';
import type { Issue } from '@anneal/core';
import { GraphQLError } from 'graphql';
import { builder } from './builder.ts';

export const IssueRef = builder.objectRef<Issue>('Issue').implement({
  description: 'One thing that is wrong with an input.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Where: the dotted path of a field (`optimizer.learningRate`, `name`), a file, or a row (`rows.14.output`).' }),
    message: t.exposeString('message', { description: 'What is wrong and what would be right.' }),
  }),
});
