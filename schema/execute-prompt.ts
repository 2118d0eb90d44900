import { Conflict, Invalid, LimitExceeded, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { ExecutionSettings, settingsFrom } from './execution-settings.ts';
import { CacheUse, Execution } from './execution.ts';
import { databaseId, optionalId } from './global-id.ts';
import { projectFor } from './project-argument.ts';
import { contentOf, PromptContentInput } from './prompt-content-input.ts';
import { selecting } from './selection.ts';

const variablesHelp = 'Values of the variables by name: `{"language": "Python"}`. At most 1,000,000 characters together, as JSON.';
const sessionHelp = 'What it belongs to: a conversation, a visit. 1 to 200 characters.';
const recordedHelp = 'What cannot be sent is answered as `InvalidInput` or `LimitExceeded`, and recorded as a failed execution, too.';

builder.mutationField('executePrompt', (t) =>
  t.prismaFieldWithInput({
    type: Execution,
    description: `Asks a model with a prompt: by the prompt and a label, by one version, or by the variant of an A/B test that a subject gets. Answers at once; \`executionStream\` follows the answer. One out of the output cache is there already. ${recordedHelp} What the model or its provider says no to is told by the execution.`,
    errors: {
      types: [Invalid, NotFound, Conflict, LimitExceeded],
      union: { description: 'The execution, or why there is none.' },
      result: { description: 'The execution has begun.' },
      dataField: { description: 'The execution.' },
    },
    typeOptions: { description: 'What to execute. Name one of `promptId`, `versionId` and `abTestId`.' },
    argOptions: { description: 'What to execute.' },
    input: {
      promptId: t.input.id({ description: 'A prompt.' }),
      label: t.input.string({
        description: 'Its version that this label points to. Left out: that of `production`; without such a label, the newest version.',
      }),
      versionId: t.input.id({ description: 'One version of a prompt.' }),
      abTestId: t.input.id({ description: 'An A/B test that runs. It needs `subjectId`.' }),
      subjectId: t.input.string({
        description: 'Whom it is made for, such as the id of a user: they always get the same variant of a test. 1 to 200 characters.',
      }),
      sessionId: t.input.string({ description: sessionHelp }),
      variables: t.input.field({ type: 'JSON', description: variablesHelp }),
      settings: t.input.field({ type: ExecutionSettings, description: 'What is to be otherwise than the version says.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.executions.execute(viewer, {
        ...settingsFrom(input.settings),
        promptId: optionalId('Prompt', input.promptId),
        label: input.label ?? undefined,
        versionId: optionalId('PromptVersion', input.versionId),
        abTestId: optionalId('AbTest', input.abTestId),
        subjectId: input.subjectId ?? undefined,
        sessionId: input.sessionId ?? undefined,
        variables: input.variables ?? undefined,
      });
      return studio.prisma.execution.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('executeWording', (t) =>
  t.prismaFieldWithInput({
    type: Execution,
    description: `Asks a model with a wording that is stored nowhere, to try it before it becomes a version. Answers at once. ${recordedHelp}`,
    errors: {
      types: [Invalid, NotFound, LimitExceeded],
      union: { description: 'The execution, or why there is none.' },
      result: { description: 'The execution has begun.' },
      dataField: { description: 'The execution.' },
    },
    typeOptions: { description: 'What to execute.' },
    argOptions: { description: 'What to execute.' },
    input: {
      projectId: t.input.id({ description: 'The project it belongs to, whose prompts it may include. Left out: your first one.' }),
      content: t.input.field({ type: PromptContentInput, required: true, description: 'The wording, and what it is asked with.' }),
      sessionId: t.input.string({ description: sessionHelp }),
      variables: t.input.field({ type: 'JSON', description: variablesHelp }),
      settings: t.input.field({ type: ExecutionSettings, description: 'What is to be otherwise than `content` says.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { template = '', ...content } = contentOf(input.content);
      const { id } = await studio.executions.executeWording(viewer, {
        ...settingsFrom(input.settings),
        projectId: projectFor(viewer, input.projectId),
        sessionId: input.sessionId ?? undefined,
        variables: input.variables ?? undefined,
        content: { template, ...content },
      });
      return studio.prisma.execution.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('retryExecution', (t) =>
  t.prismaFieldWithInput({
    type: Execution,
    description:
      'Asks the same again as a new execution: the very texts that were sent before. With another version, its variables are put into that wording. Answers at once.',
    errors: {
      types: [Invalid, NotFound, Conflict, LimitExceeded],
      union: { description: 'The new execution, or why there is none.' },
      result: { description: 'The new execution has begun.' },
      dataField: { description: 'The new execution.' },
    },
    typeOptions: { description: 'What to ask again, and what is to be otherwise.' },
    argOptions: { description: 'What to ask again.' },
    input: {
      executionId: t.input.id({ required: true, description: 'An execution that has ended and whose texts are there.' }),
      versionId: t.input.id({ description: 'Another version, of whatever prompt of the project.' }),
      model: t.input.string({ description: 'Another model, `plugin/model`.' }),
      cache: t.input.field({ type: CacheUse, description: 'Use of the output cache. Left out: `BYPASS`, so that the model is asked.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.executions.retry(viewer, {
        executionId: databaseId('Execution', input.executionId),
        versionId: optionalId('PromptVersion', input.versionId),
        model: input.model ?? undefined,
        cache: input.cache ?? undefined,
      });
      return studio.prisma.execution.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('cancelExecution', (t) =>
  t.prismaFieldWithInput({
    type: Execution,
    description: 'Ends an execution; the model is told to stop. What it has written is kept.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The execution, or why it could not be ended.' },
      result: { description: 'The execution has ended.' },
      dataField: { description: 'The execution as it stands now.' },
    },
    typeOptions: { description: 'The execution to end.' },
    argOptions: { description: 'The execution to end.' },
    input: { executionId: t.input.id({ required: true, description: 'An execution that has not ended.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Execution', input.executionId);
      await studio.executions.cancel(viewer, id);
      return studio.prisma.execution.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
