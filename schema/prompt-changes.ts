import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { projectFor } from './project-argument.ts';
import { contentOf, PromptContentInput } from './prompt-content-input.ts';
import { Prompt } from './prompt.ts';
import { selecting } from './selection.ts';

const nameHelp = '1 to 100 of `a-z`, `0-9` and `-`, with `/` between folders: `code/review`. No other prompt of the project may have it.';

builder.mutationField('createPrompt', (t) =>
  t.prismaFieldWithInput({
    type: Prompt,
    description: 'Makes a prompt with its first version.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new prompt, or why there is none.' },
      result: { description: 'The prompt was made.' },
      dataField: { description: 'The new prompt.' },
    },
    typeOptions: { description: 'The prompt to make.' },
    argOptions: { description: 'The prompt to make.' },
    input: {
      name: t.input.string({ required: true, description: nameHelp }),
      content: t.input.field({ type: PromptContentInput, required: true, description: 'What its first version says.' }),
      projectId: t.input.id({ description: 'The project it belongs to. Left out: your first one.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
      category: t.input.string({ description: 'One word of at most 50 of `a-z`, `0-9` and `-`.' }),
      useCase: t.input.string({ description: 'When to use it; at most 1,000 characters.' }),
      tags: t.input.stringList({ description: 'Words that it can be found by; at most 20, of 1 to 50 characters.' }),
      notes: t.input.string({ description: 'What is to be said about the first version; at most 10,000 characters.' }),
      label: t.input.string({ description: 'A label that is to point to the first version.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { content, name, projectId, ...others } = input;
      const { template = '', ...version } = contentOf(content);
      const { id } = await studio.prompts.create(viewer, {
        projectId: projectFor(viewer, projectId),
        ...version,
        template,
        name,
        description: others.description ?? undefined,
        category: others.category ?? undefined,
        useCase: others.useCase ?? undefined,
        tags: others.tags ?? undefined,
        notes: others.notes ?? undefined,
        label: others.label ?? undefined,
      });
      return studio.prisma.prompt.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('updatePrompt', (t) =>
  t.prismaFieldWithInput({
    type: Prompt,
    description: 'Renames a prompt, or describes it anew. How it is worded is changed by `createPromptVersion`.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The prompt, or why nothing was changed.' },
      result: { description: 'The prompt was changed.' },
      dataField: { description: 'The prompt as it is now.' },
    },
    typeOptions: { description: 'What to change. What is left out stays.' },
    argOptions: { description: 'What to change. What is left out stays.' },
    input: {
      promptId: t.input.id({ required: true, description: 'The prompt.' }),
      name: t.input.string({ description: `${nameHelp} Only when no other prompt includes it.` }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
      category: t.input.string({ description: 'One word of at most 50 of `a-z`, `0-9` and `-`; empty: none.' }),
      useCase: t.input.string({ description: 'When to use it; at most 1,000 characters.' }),
      tags: t.input.stringList({ description: 'All of its tags from now on; at most 20, of 1 to 50 characters.' }),
    },
    resolve: async (query, _root, { input: { promptId, ...changed } }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Prompt', promptId);
      await studio.prompts.update(viewer, id, {
        name: changed.name ?? undefined,
        description: changed.description ?? undefined,
        category: changed.category ?? undefined,
        useCase: changed.useCase ?? undefined,
        tags: changed.tags ?? undefined,
      });
      return studio.prisma.prompt.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deletePrompt', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes a prompt with its versions, labels and A/B tests. Its executions stay.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'What was deleted, or why it is still there.' },
      result: { description: 'The prompt is gone.' },
      dataField: { description: 'Its global id, which names nothing any more.' },
    },
    typeOptions: { description: 'The prompt to delete.' },
    argOptions: { description: 'The prompt to delete.' },
    input: {
      promptId: t.input.id({
        required: true,
        description: 'A prompt that no other one includes. One with a protected label is deleted by owners of the project.',
      }),
    },
    resolve: async (_root, { input: { promptId } }, { studio, viewer }) => {
      requireViewer(viewer);
      await studio.prompts.delete(viewer, databaseId('Prompt', promptId));
      return promptId;
    },
  }),
);
