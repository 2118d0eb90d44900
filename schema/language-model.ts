import { Invalid, type LanguageModel, NotFound, PluginFailed, requireViewer, Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { projectFor, visibleProject } from './project-argument.ts';

const ModelCapability = builder.enumType('ModelCapability', {
  description: 'What a language model can be asked for.',
  values: {
    GENERATE: { value: 'generate', description: 'Answers in text.' },
    EMBED: { value: 'embed', description: 'Turns texts into vectors.' },
    COUNT_TOKENS: { value: 'countTokens', description: 'Counts the tokens of a question without answering it.' },
    SYSTEM: { value: 'system', description: 'Takes a system prompt.' },
    TOOLS: { value: 'tools', description: 'Calls tools.' },
  } as const,
});

const ListPriceRef = builder.objectRef<NonNullable<LanguageModel['price']>>('ListPrice').implement({
  description: 'What the provider of a model asks for, in USD for a million tokens. A project can have its own price.',
  fields: (t) => ({
    inputPerMillion: t.exposeFloat('inputPerMillion', { description: 'Of the question. USD for a million tokens.' }),
    outputPerMillion: t.exposeFloat('outputPerMillion', { description: 'Of the answer. USD for a million tokens.' }),
    cacheReadPerMillion: t.float({
      nullable: true,
      resolve: ({ cacheReadPerMillion }) => cacheReadPerMillion ?? null,
      description: 'Of what the provider had read before. USD for a million tokens; null: as much as other input.',
    }),
    cacheWritePerMillion: t.float({
      nullable: true,
      resolve: ({ cacheWritePerMillion }) => cacheWritePerMillion ?? null,
      description: 'Of what the provider keeps to read it again. USD for a million tokens; null: as much as other input.',
    }),
  }),
});

const LanguageModelRef = builder.objectRef<LanguageModel>('LanguageModel').implement({
  description: 'A model that prompts can be executed with.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'By which it is asked, `plugin/model`: `anneal/reviewer@production`. Not a global id.' }),
    plugin: t.exposeString('plugin', { description: 'Name of the plugin that brings it.' }),
    name: t.exposeString('name', { description: 'Its name for people.' }),
    description: t.exposeString('description', { description: 'What it is; may be empty.' }),
    capabilities: t.field({
      type: [ModelCapability],
      resolve: ({ capabilities }) => capabilities,
      description: 'What it can be asked for.',
    }),
    contextTokens: t.int({
      nullable: true,
      resolve: ({ contextTokens }) => contextTokens ?? null,
      description: 'Most tokens of question and answer together; null where that is not known.',
    }),
    maxOutputTokens: t.int({
      nullable: true,
      resolve: ({ maxOutputTokens }) => maxOutputTokens ?? null,
      description: 'Most tokens of an answer; null where that is not known.',
    }),
    listPrice: t.field({
      type: ListPriceRef,
      nullable: true,
      resolve: ({ price }) => price ?? null,
      description: 'What its provider asks for; null where that is not known.',
    }),
  }),
});

builder.queryField('languageModels', (t) =>
  t.field({
    type: [LanguageModelRef],
    description:
      'The models that a project can ask, by plugin: its own versions, and those that enabled plugins bring. A plugin that cannot tell its models at the moment is left out; its status says why.',
    args: { projectId: t.arg.id({ required: true, description: 'The project.' }) },
    resolve: (_root, { projectId }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.languageModels.list(visibleProject(viewer, projectId));
    },
  }),
);

const CountTokensInput = builder.inputType('CountTokensInput', {
  description: 'A question whose tokens are counted.',
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'The project.' }),
    model: t.string({ required: true, description: 'The model, `plugin/model`.' }),
    system: t.string({ description: 'System prompt.' }),
    text: t.string({ required: true, description: 'What the user says; at most 1,000,000 characters.' }),
  }),
});

/** Characters of a question. */
const longestQuestion = 1_000_000;
/** For a count, and for a model to be loaded. Milliseconds. */
const [countingTime, loadingTime] = [30_000, 300_000];

builder.queryField('countTokens', (t) =>
  t.int({
    nullable: true,
    description:
      'Tokens of a question, what the template of the model adds included; null where the model cannot tell without being asked.',
    args: { input: t.arg({ type: CountTokensInput, required: true, description: 'The question.' }) },
    resolve: (_root, { input: { projectId, model, system, text } }, { studio, viewer }) => {
      requireViewer(viewer);
      if (text.length + (system ?? '').length > longestQuestion) {
        const message = `A question has at most ${longestQuestion} characters.`;
        throw new Invalid(message, [{ path: 'input.text', message }]);
      }
      const request = {
        model,
        ...(system != null && { system }),
        messages: [{ role: 'user' as const, content: text }],
        maxTokens: 1,
        temperature: 0,
      };
      return studio.modelUse.countTokens(viewer, visibleProject(viewer, projectId), request, AbortSignal.timeout(countingTime));
    },
  }),
);

builder.mutationField('warmUpLanguageModel', (t) =>
  t.fieldWithInput({
    type: LanguageModelRef,
    description: 'Loads a model, where it runs on this machine, so that the first question does not wait for it.',
    errors: {
      types: [Invalid, NotFound, Unavailable, PluginFailed],
      union: { description: 'The model, or why it was not loaded.' },
      result: { description: 'The model is in memory, or runs elsewhere.' },
      dataField: { description: 'The model.' },
    },
    typeOptions: { description: 'The model to load.' },
    argOptions: { description: 'The model to load.' },
    input: {
      projectId: t.input.id({ description: 'The project. Left out: your first one.' }),
      model: t.input.string({ required: true, description: 'The model, `plugin/model`.' }),
    },
    resolve: (_root, { input: { projectId, model } }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.modelUse.warmUp(viewer, { projectId: projectFor(viewer, projectId), model }, AbortSignal.timeout(loadingTime));
    },
  }),
);
