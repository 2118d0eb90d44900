import type { PromptExample, PromptVariable } from '@anneal/core';
import { builder } from './builder.ts';

export const PromptVariableType = builder.enumType('PromptVariableType', {
  description: 'What a variable of a prompt may hold.',
  values: {
    STRING: { value: 'string', description: 'A text.' },
    NUMBER: { value: 'number', description: 'A number.' },
    BOOLEAN: { value: 'boolean', description: 'True or false.' },
    LIST: { value: 'list', description: 'A list of any JSON.' },
    OBJECT: { value: 'object', description: 'An object of any JSON.' },
  } as const,
});

export const PromptVariableRef = builder.objectRef<PromptVariable>('PromptVariable').implement({
  description: 'Something that is filled in when a prompt is asked.',
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 64 letters, digits and `_`; what stands between the braces of the template.' }),
    type: t.expose('type', { type: PromptVariableType, description: 'What it may hold.' }),
    description: t.exposeString('description', { description: 'For whoever fills it in; may be empty.' }),
    default: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Taken when no value is given; null: there is none.',
      resolve: (variable) => variable.default ?? null,
    }),
    required: t.exposeBoolean('required', { description: 'Whether a value has to be given. Of no effect where there is a default.' }),
  }),
});

export const PromptVariableInput = builder.inputType('PromptVariableInput', {
  description: 'Something that is filled in when a prompt is asked.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 64 letters, digits and `_`, the first of them a letter.' }),
    type: t.field({ type: PromptVariableType, defaultValue: 'string', description: 'What it may hold.' }),
    description: t.string({ description: 'For whoever fills it in; at most 2,000 characters.' }),
    default: t.field({ type: 'JSON', description: 'Taken when no value is given. Null, or left out: there is none.' }),
    required: t.boolean({ defaultValue: true, description: 'Whether a value has to be given. Of no effect where there is a default.' }),
  }),
});

export const PromptExampleRef = builder.objectRef<PromptExample>('PromptExample').implement({
  description: 'A question and its answer, shown to the model before the real question.',
  fields: (t) => ({
    input: t.field({
      type: 'JSON',
      description: 'Values that the template is rendered with, as an object; or the whole question, as a text.',
      resolve: ({ input }) => input,
    }),
    output: t.exposeString('output', { description: 'What the model is to answer to that.' }),
  }),
});

export const PromptExampleInput = builder.inputType('PromptExampleInput', {
  description: 'A question and its answer, shown to the model before the real question.',
  fields: (t) => ({
    input: t.field({
      type: 'JSON',
      required: true,
      description: 'Values that the template is rendered with, as an object; or the whole question, as a text.',
    }),
    output: t.string({ required: true, description: 'What the model is to answer to that; 1 to 100,000 characters.' }),
  }),
});
