import { Conflict, type FoundPrompts, Invalid, NotFound, requireViewer, Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { checkSize, defaultPageSize } from './page.ts';
import { Project } from './project.ts';
import { described, Prompt } from './prompt.ts';
import { selecting } from './selection.ts';

const PromptMatchRef = builder.objectRef<FoundPrompts['matches'][number]>('PromptMatch').implement({
  description: 'A prompt that was found.',
  fields: (t) => ({
    prompt: t.loadable({
      type: Prompt,
      description: 'The prompt.',
      load: async (ids: string[], { studio }) => {
        const found = await studio.prisma.prompt.findMany({ where: { id: { in: ids } } });
        return ids.map((id) => found.find((prompt) => prompt.id === id) ?? new NotFound(`There is no prompt ${id} any more.`));
      },
      resolve: ({ promptId }) => promptId,
    }),
    score: t.exposeFloat('score', {
      description:
        'How well it fits; higher is better. By meaning: the cosine of both vectors, -1 to 1. By text: only to be compared with others of the same search.',
    }),
  }),
});

const FoundPromptsRef = builder.objectRef<FoundPrompts>('FoundPrompts').implement({
  description: 'What a search has found.',
  fields: (t) => ({
    matches: t.field({ type: [PromptMatchRef], resolve: ({ matches }) => matches, description: 'The best first.' }),
    totalCount: t.exposeInt('totalCount', { description: 'How many there are in all.' }),
    pending: t.exposeInt('pending', {
      description: 'Prompts that were not looked at, since what they mean is still being found out. 0 for a search by text.',
    }),
  }),
});

const PromptSearchKind = builder.enumType('PromptSearchKind', {
  description: 'How prompts are looked for.',
  values: {
    TEXT: {
      description:
        'All words of the text are in name, description, category, tags, use case or newest wording, the last one perhaps as a beginning. Names weigh most.',
    },
    MEANING: { description: 'What they are about is close to what the text is about. Needs an embedding model: see `setEmbeddingModel`.' },
  } as const,
});

const PromptSearchFilter = builder.inputType('PromptSearchFilter', {
  description: 'Which prompts, besides. All that is given must hold.',
  fields: (t) => ({
    folder: t.string({ description: 'In this folder, or in one inside of it: `code` finds `code/review`.' }),
    category: t.string({ description: 'Of this category.' }),
    tags: t.stringList({ description: 'With all of these tags; at most 20.' }),
    label: t.string({ description: 'With a version that this label points to.' }),
  }),
});

builder.queryField('searchPrompts', (t) =>
  t.field({
    type: FoundPromptsRef,
    description: 'Finds prompts of a project by their words, or by what they mean.',
    complexity: ({ first }) => ({ field: 10, multiplier: first ?? defaultPageSize }),
    errors: {
      types: [Invalid, NotFound, Conflict, Unavailable],
      union: { description: 'What was found, or why nothing was looked for.' },
      result: { description: 'The search was made.' },
      dataField: { description: 'What was found.' },
    },
    args: {
      projectId: t.arg.id({ required: true, description: 'The project.' }),
      text: t.arg.string({
        required: true,
        description: 'What is looked for; at most 10,000 characters. All of them stand for themselves.',
      }),
      by: t.arg({ type: PromptSearchKind, defaultValue: 'TEXT', description: 'How.' }),
      filter: t.arg({ type: PromptSearchFilter, description: 'Which prompts, besides.' }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: 'How many of the best; 1 to 100.' }),
    },
    resolve: (_root, { projectId, text, by, filter, first }, { studio, viewer }) => {
      checkSize('first', first);
      return studio.promptSearch.search(viewer, {
        projectId: databaseId('Project', projectId),
        text,
        by: by ?? 'TEXT',
        where: filter ? described(filter) : undefined,
        first: first ?? defaultPageSize,
      });
    },
  }),
);

builder.prismaObjectFields(Project, (t) => ({
  embeddingModel: t.exposeString('embeddingModel', {
    nullable: true,
    description: 'Model that tells what its prompts mean, `plugin/model`; null: none, they are not found by meaning.',
  }),
}));

builder.mutationField('setEmbeddingModel', (t) =>
  t.prismaFieldWithInput({
    type: Project,
    description:
      'Chooses the model that tells what prompts mean, so that they can be found by it. The texts of all prompts of the project are sent to that model, now and whenever they change.',
    errors: {
      types: [Invalid, NotFound, Unavailable],
      union: { description: 'The project, or why nothing was changed.' },
      result: { description: 'The model was chosen.' },
      dataField: { description: 'The project as it is now.' },
    },
    typeOptions: { description: 'The project and the model.' },
    argOptions: { description: 'The project and the model.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      model: t.input.string({ description: 'A model that makes vectors, `plugin/model`. Null, or left out: none.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Project', input.projectId);
      await studio.promptSearch.setModel(viewer, id, input.model ?? null);
      return studio.prisma.project.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
