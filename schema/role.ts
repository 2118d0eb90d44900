import { builder } from './builder.ts';

export const Role = builder.enumType('Role', {
  description: 'What a member may do in a project. Each may do what those before may.',
  values: {
    VIEWER: { description: 'Reads everything in the project.' },
    EDITOR: { description: 'Changes what is in it, trains, generates, logs metrics.' },
    OWNER: { description: 'Decides who is a member, sees the audit log, revokes keys of the project, deletes it.' },
  } as const,
});
