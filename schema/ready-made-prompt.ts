import { Conflict, createReadyMade, Invalid, NotFound, readyMadePrompts, type ReadyMadePrompt, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { projectFor } from './project-argument.ts';
import { PromptExampleRef, PromptVariableRef } from './prompt-variable.ts';
import { Prompt } from './prompt.ts';
import { selecting } from './selection.ts';

const ReadyMadePromptRef = builder.objectRef<ReadyMadePrompt>('ReadyMadePrompt').implement({
  description: 'A prompt that comes with the studio, for a project to begin with.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'What it is chosen by, and called in a project unless that says otherwise: `code/review`.',
    }),
    title: t.exposeString('title', { description: 'A short heading, for people.' }),
    description: t.exposeString('description', { description: 'What it does.' }),
    category: t.exposeString('category', { description: 'Kind of work: `review`, `testing`, …' }),
    useCase: t.exposeString('useCase', { description: 'When to use it.' }),
    tags: t.exposeStringList('tags', { description: 'Words that it can be found by.' }),
    systemPrompt: t.exposeString('systemPrompt', { description: 'Mustache template of the system prompt.' }),
    template: t.exposeString('template', { description: 'Mustache template of what the user says.' }),
    variables: t.field({ type: [PromptVariableRef], resolve: ({ variables }) => variables, description: 'What is filled in.' }),
    examples: t.field({
      type: [PromptExampleRef],
      resolve: ({ examples }) => examples,
      description: 'Questions with answers; the values of the first one serve to try the prompt out.',
    }),
    temperature: t.exposeFloat('temperature', { description: 'Recommended; 0 to 2.' }),
    maxTokens: t.exposeInt('maxTokens', { description: 'Recommended: most tokens of an answer.' }),
  }),
});

builder.queryField('readyMadePrompts', (t) =>
  t.field({
    type: [ReadyMadePromptRef],
    description: 'Prompts that come with the studio: `createPromptFromReadyMade` takes one into a project.',
    args: { category: t.arg.string({ description: 'Only for this kind of work.' }) },
    resolve: (_root, { category }) => readyMadePrompts.filter((prompt) => category == null || prompt.category === category),
  }),
);

builder.mutationField('createPromptFromReadyMade', (t) =>
  t.prismaFieldWithInput({
    type: Prompt,
    description: 'Makes a prompt of one that comes with the studio. From then on it is like any other one of the project.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new prompt, or why there is none.' },
      result: { description: 'The prompt was made.' },
      dataField: { description: 'The new prompt.' },
    },
    typeOptions: { description: 'Which one, and what it is called.' },
    argOptions: { description: 'Which one, and what it is called.' },
    input: {
      readyMade: t.input.string({ required: true, description: 'Its name, as `readyMadePrompts` tells: `code/review`.' }),
      projectId: t.input.id({ description: 'The project it is to belong to. Left out: your first one.' }),
      name: t.input.string({ description: 'What to call it. Left out: as it is called there.' }),
      model: t.input.string({ description: 'The model that it is for, `plugin/model`. Left out: whoever executes it says which.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await createReadyMade(studio.prompts, viewer, {
        projectId: projectFor(viewer, input.projectId),
        readyMade: input.readyMade,
        name: input.name ?? undefined,
        model: input.model ?? undefined,
      });
      return studio.prisma.prompt.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
