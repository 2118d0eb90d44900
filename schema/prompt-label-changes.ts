import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { projectFor } from './project-argument.ts';
import { Prompt } from './prompt.ts';
import { selecting } from './selection.ts';

const labelHelp = '1 to 40 of `a-z`, `0-9` and `-`: `production`. A protected one is moved by owners of the project.';
const notesHelp = 'Why; at most 1,000 characters.';

builder.mutationField('deployPromptVersion', (t) =>
  t.prismaFieldWithInput({
    type: Prompt,
    description: 'Lets a label point to a version: whoever asks by that label gets this version from now on.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The prompt, or why nothing was changed.' },
      result: { description: 'The label points to the version.' },
      dataField: { description: 'The prompt as it is now.' },
    },
    typeOptions: { description: 'What is to point where.' },
    argOptions: { description: 'What is to point where.' },
    input: {
      versionId: t.input.id({ required: true, description: 'The version.' }),
      label: t.input.string({ required: true, description: labelHelp }),
      notes: t.input.string({ description: notesHelp }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const versionId = databaseId('PromptVersion', input.versionId);
      const { id } = await studio.promptLabels.deploy(viewer, { versionId, label: input.label, notes: input.notes ?? undefined });
      return studio.prisma.prompt.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('removePromptLabel', (t) =>
  t.prismaFieldWithInput({
    type: Prompt,
    description: 'Removes a label. Its history stays, and `rollBackPromptLabel` brings it back.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The prompt, or why nothing was changed.' },
      result: { description: 'The label is gone.' },
      dataField: { description: 'The prompt as it is now.' },
    },
    typeOptions: { description: 'The label to remove.' },
    argOptions: { description: 'The label to remove.' },
    input: {
      promptId: t.input.id({ required: true, description: 'The prompt.' }),
      label: t.input.string({ required: true, description: labelHelp }),
      notes: t.input.string({ description: notesHelp }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const promptId = databaseId('Prompt', input.promptId);
      const { id } = await studio.promptLabels.remove(viewer, { promptId, label: input.label, notes: input.notes ?? undefined });
      return studio.prisma.prompt.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('rollBackPromptLabel', (t) =>
  t.prismaFieldWithInput({
    type: Prompt,
    description:
      'Lets a label point to what it pointed to before; asked again, to what was before that. A label that was removed comes back.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The prompt, or why there is nothing to go back to.' },
      result: { description: 'The label points to the earlier version.' },
      dataField: { description: 'The prompt as it is now.' },
    },
    typeOptions: { description: 'The label to roll back.' },
    argOptions: { description: 'The label to roll back.' },
    input: {
      promptId: t.input.id({ required: true, description: 'The prompt.' }),
      label: t.input.string({ required: true, description: labelHelp }),
      notes: t.input.string({ description: notesHelp }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const promptId = databaseId('Prompt', input.promptId);
      const { id } = await studio.promptLabels.rollBack(viewer, { promptId, label: input.label, notes: input.notes ?? undefined });
      return studio.prisma.prompt.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('protectPromptLabel', (t) =>
  t.fieldWithInput({
    type: ['String'],
    description: 'Lets only owners of the project move and remove a label, on all of its prompts. For owners of the project.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The protected labels, or why nothing was changed.' },
      result: { description: 'The label is protected.' },
      dataField: { description: 'All protected labels of the project, in alphabetical order.' },
    },
    typeOptions: { description: 'The label to protect.' },
    argOptions: { description: 'The label to protect.' },
    input: {
      projectId: t.input.id({ description: 'The project. Left out: your first one.' }),
      label: t.input.string({ required: true, description: '1 to 40 of `a-z`, `0-9` and `-`. It need not be there yet.' }),
    },
    resolve: (_root, { input: { projectId, label } }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.promptLabels.protect(viewer, { projectId: projectFor(viewer, projectId), label, isProtected: true });
    },
  }),
);

builder.mutationField('unprotectPromptLabel', (t) =>
  t.fieldWithInput({
    type: ['String'],
    description: 'Lets everybody move a label again who may change prompts. For owners of the project.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The protected labels, or why nothing was changed.' },
      result: { description: 'The label is not protected.' },
      dataField: { description: 'All protected labels of the project, in alphabetical order.' },
    },
    typeOptions: { description: 'The label to protect no more.' },
    argOptions: { description: 'The label to protect no more.' },
    input: {
      projectId: t.input.id({ description: 'The project. Left out: your first one.' }),
      label: t.input.string({ required: true, description: '1 to 40 of `a-z`, `0-9` and `-`.' }),
    },
    resolve: (_root, { input: { projectId, label } }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.promptLabels.protect(viewer, { projectId: projectFor(viewer, projectId), label, isProtected: false });
    },
  }),
);
