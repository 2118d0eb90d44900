import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId, optionalId } from './global-id.ts';
import { contentOf, PromptContentInput } from './prompt-content-input.ts';
import { PromptVersion } from './prompt-version.ts';
import { selecting } from './selection.ts';

builder.mutationField('createPromptVersion', (t) =>
  t.prismaFieldWithInput({
    type: PromptVersion,
    description: 'Makes the next version of a prompt.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The new version, or why there is none.' },
      result: { description: 'The version was made.' },
      dataField: { description: 'The new version.' },
    },
    typeOptions: { description: 'The version to make.' },
    argOptions: { description: 'The version to make.' },
    input: {
      promptId: t.input.id({ required: true, description: 'The prompt.' }),
      content: t.input.field({
        type: PromptContentInput,
        required: true,
        description: 'What it says. What is left out is as in the version that it is based on.',
      }),
      basedOnId: t.input.id({ description: 'A version of that prompt. Left out: the newest.' }),
      notes: t.input.string({ description: 'What was changed, and why; at most 10,000 characters.' }),
      label: t.input.string({ description: 'A label that is to point to the new version.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.promptVersions.create(viewer, {
        ...contentOf(input.content),
        promptId: databaseId('Prompt', input.promptId),
        basedOnId: optionalId('PromptVersion', input.basedOnId),
        notes: input.notes ?? undefined,
        label: input.label ?? undefined,
      });
      return studio.prisma.promptVersion.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
