import { builder } from './builder.ts';
import { Project } from './project.ts';
import { authors } from './prompt-author.ts';
import { PromptVersion } from './prompt-version.ts';
import { User } from './user.ts';

export const PromptLabelRef = builder.prismaObject('PromptLabel', {
  description: 'A name that points to one version of a prompt, and to another one tomorrow: `production`, `staging`.',
  select: { promptId: true, name: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 40 of `a-z`, `0-9` and `-`.' }),
    version: t.relation('version', { type: PromptVersion, description: 'What it points to now.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'Since when.' }),
  }),
});

export const LabelChangeRef = builder.prismaObject('LabelChange', {
  description: 'A change of what a label points to.',
  select: { id: true, userId: true },
  fields: (t) => ({
    label: t.exposeString('label', { description: 'The name of the label.' }),
    fromNumber: t.exposeInt('fromNumber', {
      nullable: true,
      description: 'Number of the version that it pointed to; null: it was not there.',
    }),
    toNumber: t.exposeInt('toNumber', {
      nullable: true,
      description: 'Number of the version that it points to since then; null: it was removed.',
    }),
    isRollBack: t.exposeBoolean('isRollBack', { description: 'Whether it went back to what it had pointed to before.' }),
    notes: t.exposeString('notes', { description: 'Why; may be empty.' }),
    user: t.loadable({
      type: User,
      nullable: true,
      description: 'Who; null: somebody who was removed.',
      load: (ids: string[], { studio }) => authors(studio.prisma, ids),
      resolve: ({ userId }) => userId,
    }),
    time: t.expose('time', { type: 'DateTime', description: 'When.' }),
  }),
});

builder.prismaObjectFields(Project, (t) => ({
  protectedPromptLabels: t.stringList({
    select: { protectedLabels: { select: { name: true }, orderBy: { name: 'asc' } } },
    description: 'Labels that only its owners move and remove, on all prompts, in alphabetical order.',
    resolve: ({ protectedLabels }) => protectedLabels.map(({ name }) => name),
  }),
}));
