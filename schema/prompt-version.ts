import { requireText, storedContent, storedIncludes, visibleTo } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { authors } from './prompt-author.ts';
import { PromptExampleRef, PromptVariableRef } from './prompt-variable.ts';
import { User } from './user.ts';

const PromptIncludeRef = builder.objectRef<{ name: string; label: string | null }>('PromptInclude').implement({
  description: 'Another prompt of the project that a template includes.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    label: t.exposeString('label', {
      nullable: true,
      description: 'The label that says which version; null: `production` where the prompt has it, otherwise its newest version.',
    }),
  }),
});

/** The columns that the content of a version is read from. */
const contentSelection = {
  ...{ model: true, temperature: true, topP: true, maxTokens: true, stop: true },
  ...{ systemPrompt: true, template: true, variables: true, examples: true },
} as const;

export const PromptVersion = builder.prismaNode('PromptVersion', {
  description: 'The wording of a prompt at one time, and what it is asked with. It never changes.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, prompt: visibleTo(viewer) }),
  authScopes: ({ prompt }) => ({ member: prompt.projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, createdById: true, prompt: { select: { projectId: true } } },
  fields: (t) => ({
    prompt: t.relation('prompt', { description: 'The prompt that it is a version of.' }),
    number: t.exposeInt('number', { description: 'From 1, without holes, in the order in which the versions were made.' }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model that it is for, `plugin/model`; null: whoever executes it says which.',
    }),
    temperature: t.exposeFloat('temperature', { description: '0 to 2; 0 always takes the most likely token.' }),
    topP: t.exposeFloat('topP', { description: 'Share of the most likely tokens that are drawn from: above 0, at most 1.' }),
    maxTokens: t.exposeInt('maxTokens', { description: 'Most tokens of an answer.' }),
    stop: t.stringList({
      select: contentSelection,
      description: 'Texts that end an answer.',
      resolve: (version) => storedContent(version).stop,
    }),
    systemPrompt: t.exposeString('systemPrompt', { description: 'Mustache template of the system prompt; may be empty.' }),
    template: t.exposeString('template', { description: 'Mustache template of what the user says.' }),
    variables: t.field({
      type: [PromptVariableRef],
      select: contentSelection,
      description: 'What is filled in, in the order in which it was declared.',
      resolve: (version) => [...storedContent(version).variables],
    }),
    examples: t.field({
      type: [PromptExampleRef],
      select: contentSelection,
      description: 'Questions with answers that are shown before.',
      resolve: (version) => [...storedContent(version).examples],
    }),
    includes: t.field({
      type: [PromptIncludeRef],
      select: { includes: true },
      description: 'Other prompts that its templates include.',
      resolve: ({ includes }) => storedIncludes(includes),
    }),
    notes: t.exposeString('notes', { description: 'What was changed, and why; may be empty.' }),
    contentHash: t.exposeString('contentHash', {
      description: 'SHA-256 over everything that it is asked with, hexadecimal. No two versions of a prompt have the same.',
    }),
    createdBy: t.loadable({
      type: User,
      nullable: true,
      description: 'Its author; null: somebody who was removed.',
      load: (ids: string[], { studio }) => authors(studio.prisma, ids),
      resolve: ({ createdById }) => createdById,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    labels: t.stringList({
      select: { labels: { select: { name: true }, orderBy: { name: 'asc' } } },
      description: 'Names that point to it now, in alphabetical order.',
      resolve: ({ labels }) => labels.map(({ name }) => name),
    }),
  }),
});

builder.queryField('promptVersion', (t) =>
  t.prismaField({
    type: PromptVersion,
    nullable: true,
    description: 'One version of a prompt: by label, by number, or the newest; null when there is none.',
    args: {
      promptId: t.arg.id({ required: true, description: 'The prompt.' }),
      label: t.arg.string({ description: 'The one that this label points to.' }),
      number: t.arg.int({ description: 'The one with this number.' }),
    },
    resolve: (query, _root, { promptId, label, number }, { studio, viewer }) => {
      requireText({ label });
      return studio.prisma.promptVersion.findFirst({
        ...query,
        where: {
          promptId: databaseId('Prompt', promptId),
          prompt: visibleTo(viewer),
          ...(label != null && { labels: { some: { name: label } } }),
          ...(number != null && { number }),
        },
        orderBy: { number: 'desc' },
      });
    },
  }),
);
