import { Invalid, NotFound, type Place, type PreviewVariable, type PromptPreview, type WordingIssue } from '@anneal/core';
import { builder } from './builder.ts';
import { IncludedPromptRef } from './execution.ts';
import { optionalId } from './global-id.ts';
import { contentOf, PromptContentInput } from './prompt-content-input.ts';
import { PromptVariableType } from './prompt-variable.ts';

const MessageRole = builder.enumType('PromptMessageRole', {
  description: 'Whose turn it is.',
  values: {
    USER: { value: 'user', description: 'Whoever asks.' },
    ASSISTANT: { value: 'assistant', description: 'The model.' },
  } as const,
});

const PromptMessageRef = builder.objectRef<PromptPreview['messages'][number]>('PromptMessage').implement({
  description: 'One turn of what is sent to a model.',
  fields: (t) => ({
    role: t.expose('role', { type: MessageRole, description: 'Whose turn it is.' }),
    content: t.exposeString('content', { description: 'What is said.' }),
  }),
});

const TemplatePlaceRef = builder.objectRef<Place>('TemplatePlace').implement({
  description: 'A place in a template.',
  fields: (t) => ({
    line: t.exposeInt('line', { description: 'From 1.' }),
    column: t.exposeInt('column', { description: 'From 1, in UTF-16 units, as editors count.' }),
    excerpt: t.exposeString('excerpt', { description: 'Some of the line, with what stands there.' }),
  }),
});

const WordingIssueRef = builder.objectRef<WordingIssue>('WordingIssue').implement({
  description: 'Something that is wrong, or odd, about a prompt or the values that are put into it.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description:
        'Where: `template`, `systemPrompt`, `includes`, `variables.code` (a value), `variables.0.name` (a declaration), `examples.0.input.code`.',
    }),
    message: t.exposeString('message', { description: 'What is wrong and what would be right.' }),
    place: t.field({
      type: TemplatePlaceRef,
      nullable: true,
      resolve: ({ place }) => place ?? null,
      description: 'Line and column in `template` or `systemPrompt`; null for what has no place in a text.',
    }),
  }),
});

const PreviewVariableRef = builder.objectRef<PreviewVariable>('PreviewVariable').implement({
  description: 'A variable of a prompt: one that is filled in, or one that a template uses and that is still to be declared.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What stands between the braces.' }),
    type: t.expose('type', {
      type: PromptVariableType,
      description: 'What it may hold; of one that is not declared: what it seems to be, by how it is used.',
    }),
    description: t.exposeString('description', { description: 'For whoever fills it in; may be empty.' }),
    default: t.field({
      type: 'JSON',
      nullable: true,
      resolve: (variable) => variable.default ?? null,
      description: 'Taken when no value is given; null: there is none.',
    }),
    required: t.exposeBoolean('required', { description: 'Whether a value has to be given. Of no effect where there is a default.' }),
    isDeclared: t.exposeBoolean('isDeclared', { description: 'Whether the prompt, or one that it includes, declares it.' }),
    isUsed: t.exposeBoolean('isUsed', { description: 'Whether a template uses it, those of included prompts too.' }),
    isIncluded: t.exposeBoolean('isIncluded', { description: 'Whether only included prompts declare it.' }),
  }),
});

const PromptPreviewRef = builder.objectRef<PromptPreview>('PromptPreview').implement({
  description: 'What a prompt would be sent as.',
  fields: (t) => ({
    system: t.exposeString('system', { nullable: true, description: 'The system prompt; null: none, or it cannot be rendered.' }),
    messages: t.field({
      type: [PromptMessageRef],
      resolve: ({ messages }) => messages,
      description:
        'Examples as turns of user and assistant, then the question. Texts without a value are shown as `{{name}}`. Empty when the wording has issues.',
    }),
    issues: t.field({
      type: [WordingIssueRef],
      resolve: ({ issues }) => issues,
      description: 'What keeps it from being executed; empty: nothing.',
    }),
    warnings: t.field({
      type: [WordingIssueRef],
      resolve: ({ warnings }) => warnings,
      description: 'What is odd and keeps it from nothing: variables that no template uses.',
    }),
    variables: t.field({
      type: [PreviewVariableRef],
      resolve: ({ variables }) => variables,
      description: 'Its variables: those that it declares, those of the prompts that it includes, and those that are still to be declared.',
    }),
    includes: t.field({
      type: [IncludedPromptRef],
      resolve: ({ includes }) => includes,
      description: 'Prompts that it includes, and what these include, as they stand now.',
    }),
    characters: t.exposeInt('characters', { description: 'Length of all texts together, in UTF-16 units; at most 1,000,000.' }),
  }),
});

const PromptPreviewInput = builder.inputType('PromptPreviewInput', {
  description: 'What to look at: a prompt and a label, a version, or a wording that is stored nowhere.',
  fields: (t) => ({
    promptId: t.id({ description: 'A prompt. With a wording: the one that the wording is for.' }),
    label: t.string({
      description: 'Its version that this label points to. Left out: that of `production`; without such a label, the newest version.',
    }),
    versionId: t.id({ description: 'One version; goes before the label.' }),
    content: t.field({ type: PromptContentInput, description: 'A wording in place of a stored one: what is being written in an editor.' }),
    projectId: t.id({ description: 'The project of a wording that is for no prompt yet.' }),
    variables: t.field({ type: 'JSON', description: 'Values of the variables by name: `{"language": "Python"}`.' }),
  }),
});

builder.queryField('previewPrompt', (t) =>
  t.field({
    type: PromptPreviewRef,
    description:
      'Fills a prompt in without executing it, as far as that goes: what is wrong with wording or values is part of the answer. Quick enough to be asked while one types.',
    complexity: 5,
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The preview, or why there is none.' },
      result: { description: 'The prompt was looked at.' },
      dataField: { description: 'What it would be sent as.' },
    },
    args: { input: t.arg({ type: PromptPreviewInput, required: true, description: 'What to look at.' }) },
    resolve: (_root, { input }, { studio, viewer }) =>
      studio.promptPreviews.preview(viewer, {
        promptId: optionalId('Prompt', input.promptId),
        label: input.label ?? undefined,
        versionId: optionalId('PromptVersion', input.versionId),
        wording: input.content ? { ...contentOf(input.content), template: input.content.template ?? '' } : undefined,
        projectId: optionalId('Project', input.projectId),
        variables: input.variables,
      }),
  }),
);
