import { Conflict, Invalid, LimitExceeded, NotFound, type PromptExport, type PromptImport, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { projectFor } from './project-argument.ts';
import { Prompt } from './prompt.ts';

const PromptFileFormat = builder.enumType('PromptFileFormat', {
  description: 'How a file of prompts is written.',
  values: {
    JSON: { description: 'JSON.' },
    YAML: { description: 'YAML 1.2, without tags of its own.' },
  } as const,
});

const ExportedVersions = builder.enumType('ExportedVersions', {
  description: 'Which versions of a prompt are exported.',
  values: {
    ALL: { description: 'All of them, with all labels.' },
    NEWEST: { description: 'The newest one, with the labels that point to it.' },
  } as const,
});

const ExistingPrompts = builder.enumType('ExistingPrompts', {
  description: 'What is done with prompts of an import whose names are taken.',
  values: {
    SKIP: { description: 'They are left as they are.' },
    NEW_VERSION: { description: 'They get the versions that they do not have yet, as their next ones. Their labels stay where they are.' },
    FAIL: { description: 'Nothing is imported.' },
  } as const,
});

const PromptExportRef = builder.objectRef<PromptExport>('PromptExport').implement({
  description: 'Prompts as a text that can be imported again.',
  fields: (t) => ({
    fileName: t.exposeString('fileName', { description: 'What a file of it may be called: `prompts.yaml`.' }),
    mediaType: t.exposeString('mediaType', { description: 'Its content type: `application/yaml`.' }),
    text: t.exposeString('text', { description: 'The text itself; at most 5,000,000 characters.' }),
    prompts: t.exposeInt('prompts', { description: 'How many prompts are in it.' }),
    versions: t.exposeInt('versions', { description: 'How many versions are in it.' }),
  }),
});

builder.queryField('exportPrompts', (t) =>
  t.field({
    type: PromptExportRef,
    description: 'Writes prompts of a project as a text, with what is said about them, their versions and labels; by name.',
    args: {
      projectId: t.arg.id({ required: true, description: 'The project.' }),
      promptIds: t.arg.idList({ description: 'These prompts, at most 1,000. Left out: all of the project.' }),
      format: t.arg({ type: PromptFileFormat, required: true, defaultValue: 'YAML', description: 'How it is written.' }),
      versions: t.arg({ type: ExportedVersions, required: true, defaultValue: 'ALL', description: 'Which versions.' }),
    },
    complexity: { field: 100, multiplier: 1 },
    resolve: (_root, { projectId, promptIds, format, versions }, { studio, viewer }) =>
      studio.promptTransfer.export(viewer, {
        projectId: databaseId('Project', projectId),
        promptIds: promptIds?.map((id) => databaseId('Prompt', id)),
        format,
        areAllVersions: versions === 'ALL',
      }),
  }),
);

const PromptImportRef = builder.objectRef<PromptImport>('PromptImport').implement({
  description: 'What came of an import.',
  fields: (t) => ({
    created: t.prismaField({
      type: [Prompt],
      description: 'Prompts that were made, by name; the first 100.',
      complexity: { field: 1, multiplier: 100 },
      resolve: (query, { createdIds }, _args, { studio }) =>
        studio.prisma.prompt.findMany({ ...query, where: { id: { in: createdIds.slice(0, 100) } }, orderBy: { name: 'asc' } }),
    }),
    updated: t.prismaField({
      type: [Prompt],
      description: 'Prompts that were there and got new versions, by name; the first 100.',
      complexity: { field: 1, multiplier: 100 },
      resolve: (query, { updatedIds }, _args, { studio }) =>
        studio.prisma.prompt.findMany({ ...query, where: { id: { in: updatedIds.slice(0, 100) } }, orderBy: { name: 'asc' } }),
    }),
    skipped: t.stringList({ resolve: ({ skipped }) => skipped, description: 'Names of prompts that stay as they were.' }),
    versions: t.exposeInt('versions', { description: 'How many versions were made.' }),
  }),
});

builder.mutationField('importPrompts', (t) =>
  t.fieldWithInput({
    type: PromptImportRef,
    description:
      'Reads prompts from a text that `exportPrompts` has made, or a person; all of them or none. Labels are set on prompts that are new.',
    errors: {
      types: [Invalid, NotFound, Conflict, LimitExceeded],
      union: { description: 'What was imported, or why nothing was.' },
      result: { description: 'The prompts were imported.' },
      dataField: { description: 'What came of it.' },
    },
    typeOptions: { description: 'What to import.' },
    argOptions: { description: 'What to import.' },
    input: {
      projectId: t.input.id({ description: 'The project to import into. Left out: your first one.' }),
      text: t.input.string({ required: true, description: 'The text; at most 5,000,000 characters, and what a request may have.' }),
      format: t.input.field({ type: PromptFileFormat, required: true, description: 'How it is written.' }),
      existing: t.input.field({
        type: ExistingPrompts,
        required: true,
        defaultValue: 'FAIL',
        description: 'What is done with prompts whose names are taken.',
      }),
    },
    resolve: (_root, { input: { projectId, ...input } }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.promptTransfer.import(viewer, { projectId: projectFor(viewer, projectId), ...input });
    },
  }),
);
