import type { FieldDifference, LineDifference, Replaced, PromptExample, PromptVariable, VersionDifference } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { PromptExampleRef, PromptVariableRef } from './prompt-variable.ts';

const LineChange = builder.enumType('LineChange', {
  description: 'What became of a line.',
  values: {
    SAME: { description: 'Both texts have it.' },
    REMOVED: { description: 'Only the first text has it.' },
    ADDED: { description: 'Only the second text has it.' },
  } as const,
});

const LineDifferenceRef = builder.objectRef<LineDifference>('LineDifference').implement({
  description: 'A line of two texts that are compared.',
  fields: (t) => ({
    change: t.field({ type: LineChange, resolve: ({ kind }) => kind, description: 'What became of it.' }),
    text: t.exposeString('text', { description: 'What it says, without the line break.' }),
    fromLine: t.exposeInt('fromLine', { nullable: true, description: 'Its number in the first text, from 1; null: it is not there.' }),
    toLine: t.exposeInt('toLine', { nullable: true, description: 'Its number in the second text, from 1; null: it is not there.' }),
  }),
});

const FieldDifferenceRef = builder.objectRef<FieldDifference>('PromptFieldDifference').implement({
  description: 'A setting in which two versions of prompts differ.',
  fields: (t) => ({
    field: t.exposeString('field', { description: '`model`, `temperature`, `topP`, `maxTokens` or `stop`.' }),
    from: t.field({ type: 'JSON', nullable: true, resolve: ({ from }) => from, description: 'Its value in the first version.' }),
    to: t.field({ type: 'JSON', nullable: true, resolve: ({ to }) => to, description: 'Its value in the second version.' }),
  }),
});

const VariableDifferenceRef = builder.objectRef<Replaced<PromptVariable> & { name: string }>('PromptVariableDifference').implement({
  description: 'A variable that two versions of prompts do not have alike.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    from: t.field({
      type: PromptVariableRef,
      nullable: true,
      resolve: ({ from }) => from,
      description: 'As the first version has it; null: it has none of that name.',
    }),
    to: t.field({
      type: PromptVariableRef,
      nullable: true,
      resolve: ({ to }) => to,
      description: 'As the second version has it; null: it has none of that name.',
    }),
  }),
});

const ExampleDifferenceRef = builder.objectRef<Replaced<PromptExample> & { place: number }>('PromptExampleDifference').implement({
  description: 'An example that two versions of prompts do not have alike.',
  fields: (t) => ({
    place: t.exposeInt('place', { description: 'Its place in the list, from 1.' }),
    from: t.field({
      type: PromptExampleRef,
      nullable: true,
      resolve: ({ from }) => from,
      description: 'What the first version has there; null: nothing.',
    }),
    to: t.field({
      type: PromptExampleRef,
      nullable: true,
      resolve: ({ to }) => to,
      description: 'What the second version has there; null: nothing.',
    }),
  }),
});

const PromptVersionDifferenceRef = builder.objectRef<VersionDifference>('PromptVersionDifference').implement({
  description: 'Where two versions of prompts differ. What is alike in both is left out.',
  fields: (t) => ({
    fields: t.field({ type: [FieldDifferenceRef], resolve: ({ fields }) => fields, description: 'Settings that differ.' }),
    systemPrompt: t.field({
      type: [LineDifferenceRef],
      resolve: ({ systemPrompt }) => systemPrompt,
      description: 'The system prompt line by line, lines that are the same included; empty when it is the same.',
    }),
    template: t.field({
      type: [LineDifferenceRef],
      resolve: ({ template }) => template,
      description: 'The template line by line, lines that are the same included; empty when it is the same.',
    }),
    variables: t.field({
      type: [VariableDifferenceRef],
      resolve: ({ variables }) => variables,
      description: 'Variables that differ, by name.',
    }),
    areVariablesReordered: t.exposeBoolean('areVariablesReordered', {
      description: 'Whether both have the very same variables, in another order.',
    }),
    examples: t.field({
      type: [ExampleDifferenceRef],
      resolve: ({ examples }) => examples,
      description: 'Examples that differ, by place.',
    }),
  }),
});

builder.queryField('comparePromptVersions', (t) =>
  t.field({
    type: PromptVersionDifferenceRef,
    description: 'Puts two versions side by side, of one prompt or of two.',
    args: {
      fromId: t.arg.id({ required: true, description: 'The first version.' }),
      toId: t.arg.id({ required: true, description: 'The second version.' }),
    },
    complexity: { field: 20, multiplier: 20 },
    resolve: (_root, { fromId, toId }, { studio, viewer }) =>
      studio.promptVersions.compare(viewer, databaseId('PromptVersion', fromId), databaseId('PromptVersion', toId)),
  }),
);
