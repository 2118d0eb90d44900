import { Invalid, type PromptCount, promptCategories, promptTags, requireText, visibleTo } from '@anneal/core';
import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { optionalId } from './global-id.ts';
import { ageOrName, inProject } from './named-list.ts';
import { OrderDirection, sortOrder } from './order.ts';
import { connectionCost } from './page.ts';
import { Project } from './project.ts';
import { authors } from './prompt-author.ts';
import { LabelChangeRef, PromptLabelRef } from './prompt-label.ts';
import { PromptVersion } from './prompt-version.ts';
import { User } from './user.ts';

export const Prompt = builder.prismaNode('Prompt', {
  description: 'What a model can be asked, under a name: a line of versions, and labels that say which of them is used where.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true, createdById: true },
  fields: (t) => ({
    name: t.exposeString('name', {
      description:
        'What others include it by: of `a-z`, `0-9` and `-`, with `/` between folders. No two prompts of a project have the same.',
    }),
    description: t.exposeString('description', { description: 'What it is about; may be empty.' }),
    category: t.exposeString('category', { description: 'One word: `code-review`, `testing`; may be empty.' }),
    useCase: t.exposeString('useCase', { description: 'When to use it; may be empty.' }),
    tags: t.stringList({
      select: { tags: { select: { name: true }, orderBy: { name: 'asc' } } },
      description: 'Words that it can be found by, in alphabetical order.',
      resolve: ({ tags }) => tags.map(({ name }) => name),
    }),
    project: t.relation('project', { description: 'The project that it belongs to.' }),
    createdBy: t.loadable({
      type: User,
      nullable: true,
      description: 'Who made it; null: somebody who was removed.',
      load: (ids: string[], { studio }) => authors(studio.prisma, ids),
      resolve: ({ createdById }) => createdById,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it was described anew, or given a version, for the last time.',
    }),
    newestVersion: t.prismaField({
      type: PromptVersion,
      select: { lastNumber: true },
      description: 'Its newest version.',
      resolve: (query, { id, lastNumber }, _args, { studio }) =>
        studio.prisma.promptVersion.findUniqueOrThrow({ ...query, where: { promptId_number: { promptId: id, number: lastNumber } } }),
    }),
    // Read by themselves: within a list of prompts, Prisma would read all versions of all of them and cut afterwards.
    versions: t.prismaConnection({
      type: PromptVersion,
      cursor: 'id',
      complexity: connectionCost,
      description: 'Its versions, the newest first.',
      totalCount: ({ id: promptId }, _args, { studio }) => studio.prisma.promptVersion.count({ where: { promptId } }),
      resolve: (query, { id: promptId }, _args, { studio }) =>
        studio.prisma.promptVersion.findMany({ ...query, where: { promptId }, orderBy: { number: 'desc' } }),
    }),
    labels: t.relation('labels', {
      type: PromptLabelRef,
      query: { orderBy: { name: 'asc' }, take: 100 },
      description: 'What its labels point to, by name; the first 100.',
    }),
    labelChanges: t.prismaConnection({
      type: LabelChangeRef,
      cursor: 'id',
      complexity: connectionCost,
      args: { label: t.arg.string({ description: 'Only of this one. Left out: of all.' }) },
      description: 'How its labels were moved, the newest change first.',
      totalCount: ({ id }, { label }, { studio }) => studio.prisma.labelChange.count({ where: changesOf(id, label) }),
      resolve: (query, { id }, { label }, { studio }) =>
        studio.prisma.labelChange.findMany({ ...query, where: changesOf(id, label), orderBy: [{ time: 'desc' }, { id: 'desc' }] }),
    }),
  }),
});

/** @throws Invalid */
function changesOf(promptId: string, label: string | null | undefined): Prisma.LabelChangeWhereInput {
  requireText({ label });
  return { promptId, label: label ?? undefined };
}

const PromptCountRef = builder.objectRef<PromptCount>('PromptCount').implement({
  description: 'Something that prompts can be filtered by.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The tag, or the category.' }),
    prompts: t.exposeInt('prompts', { description: 'How many prompts have it.' }),
  }),
});

builder.prismaObjectFields(Project, (t) => ({
  promptTags: t.field({
    type: [PromptCountRef],
    description: 'Tags of its prompts, those on most of them first; the first 100.',
    resolve: ({ id }, _args, { studio, viewer }) => promptTags(studio.prisma, viewer, id),
  }),
  promptCategories: t.field({
    type: [PromptCountRef],
    description: 'Categories of its prompts, those of most of them first; the first 100.',
    resolve: ({ id }, _args, { studio, viewer }) => promptCategories(studio.prisma, viewer, id),
  }),
}));

const PromptFilter = builder.inputType('PromptFilter', {
  description: 'Which prompts. All that is given must hold.',
  fields: (t) => ({
    search: t.string({
      description:
        'With all of these words in name, description, category, tags, use case or newest wording; the last one may be the beginning of a word. The 500 prompts that fit best; what else is given chooses among them.',
    }),
    projectId: t.id({ description: 'In this project.' }),
    folder: t.string({ description: 'In this folder, or in one inside of it: `code` finds `code/review` and `code/python/review`.' }),
    category: t.string({ description: 'Of this category.' }),
    tags: t.stringList({ description: 'With all of these tags; at most 20.' }),
    label: t.string({ description: 'With a version that this label points to.' }),
    model: t.string({ description: 'With a version that is for this model, `plugin/model`.' }),
  }),
});

const PromptOrderField = builder.enumType('PromptOrderField', {
  description: 'What prompts can be ordered by.',
  values: { ...ageOrName, UPDATED_AT: { description: 'When it was described anew, or given a version, for the last time.' } } as const,
});

const PromptOrder = builder.inputType('PromptOrder', {
  description: 'The order of prompts.',
  fields: (t) => ({
    field: t.field({ type: PromptOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
});

type Filter = typeof PromptFilter.$inferInput;
type Order = typeof PromptOrder.$inferInput;

/** Tags that are filtered by. */
const mostTags = 20;

/** What prompts are described by. @throws Invalid */
export function described(filter: Pick<Filter, 'category' | 'folder' | 'label' | 'tags'>): Prisma.PromptWhereInput {
  const { category, label } = filter;
  const tags = [...new Set(filter.tags)];
  requireText({ 'filter.folder': filter.folder, 'filter.category': category, 'filter.label': label, 'filter.tags': tags.join() });
  if (tags.length > mostTags) {
    const message = `No prompt has more than ${mostTags} tags: filter by fewer.`;
    throw new Invalid(message, [{ path: 'filter.tags', message }]);
  }
  const folder = filter.folder?.replaceAll(/^\/+|\/+$/g, '');
  return {
    AND: tags.map((tag) => ({ tags: { some: { name: tag.trim() } } })),
    ...(folder && { name: { startsWith: `${folder}/` } }),
    ...(category != null && { category }),
    ...(label != null && { labels: { some: { name: label } } }),
  };
}

async function where({ studio, viewer }: Context, filter: Filter | null | undefined): Promise<Prisma.PromptWhereInput> {
  const model = filter?.model;
  const search = filter?.search?.trim();
  const projectId = optionalId('Project', filter?.projectId);
  requireText({ 'filter.model': model });
  return {
    AND: [
      inProject(viewer, filter?.projectId),
      described(filter ?? {}),
      ...(search ? [{ id: { in: await studio.prompts.matching(viewer, { projectId, text: search }) } }] : []),
    ],
    ...(model != null && { versions: { some: { model } } }),
  };
}

/** The id at the end makes the order total, as cursors need it. */
function orderBy(order: Order | null | undefined): Prisma.PromptOrderByWithRelationInput[] {
  const direction = sortOrder[order?.direction ?? 'DESC'];
  const columns = { CREATED_AT: { createdAt: direction }, NAME: { name: direction }, UPDATED_AT: { updatedAt: direction } } as const;
  return [columns[order?.field ?? 'CREATED_AT'], { id: direction }];
}

builder.queryField('prompts', (t) =>
  t.prismaConnection({
    type: Prompt,
    cursor: 'id',
    description: 'All prompts, the newest first unless ordered otherwise.',
    complexity: connectionCost,
    args: {
      filter: t.arg({ type: PromptFilter, description: 'Which prompts.' }),
      orderBy: t.arg({ type: PromptOrder, description: 'In which order.' }),
    },
    totalCount: async (_root, { filter }, context) => context.studio.prisma.prompt.count({ where: await where(context, filter) }),
    resolve: async (query, _root, args, context) =>
      context.studio.prisma.prompt.findMany({ ...query, where: await where(context, args.filter), orderBy: orderBy(args.orderBy) }),
  }),
);

builder.queryField('prompt', (t) =>
  t.prismaField({
    type: Prompt,
    nullable: true,
    description: 'The prompt with a name; null when there is none.',
    args: {
      projectId: t.arg.id({ required: true, description: 'The project that it is in.' }),
      name: t.arg.string({ required: true, description: 'Its name, with its folders.' }),
    },
    resolve: (query, _root, { projectId, name }, { studio, viewer }) => {
      requireText({ name });
      return studio.prisma.prompt.findFirst({ ...query, where: { ...inProject(viewer, projectId), name } });
    },
  }),
);
