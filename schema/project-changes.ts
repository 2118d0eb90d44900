import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { encodeGlobalID } from '@pothos/plugin-relay';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { Project } from './project.ts';
import { selecting } from './selection.ts';

builder.mutationField('createProject', (t) =>
  t.fieldWithInput({
    type: Project,
    description: 'Makes a project, which you own. Sockets that you have open are closed such that they come back and see it.',
    errors: {
      types: [Invalid],
      union: { description: 'The new project, or why there is none.' },
      result: { description: 'The project was made.' },
      dataField: { description: 'The new project.' },
    },
    typeOptions: { description: 'The project to make.' },
    argOptions: { description: 'The project to make.' },
    input: {
      name: t.input.string({ required: true, description: '1 to 100 characters.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
    },
    resolve: async (_root, { input }, context) => {
      requireViewer(context.viewer);
      const project = await context.studio.projects.create(context.viewer, {
        name: input.name,
        description: input.description ?? undefined,
      });
      // What is asked about it in the same answer is asked by its owner.
      context.viewer = { ...context.viewer, roles: new Map([...context.viewer.roles, [project.id, 'OWNER']]) };
      return project;
    },
  }),
);

builder.mutationField('updateProject', (t) =>
  t.prismaFieldWithInput({
    type: Project,
    description: 'Renames a project, or describes it anew. For its owners.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The project, or why nothing was changed.' },
      result: { description: 'The project was changed.' },
      dataField: { description: 'The project as it is now.' },
    },
    typeOptions: { description: 'What to change. What is left out stays.' },
    argOptions: { description: 'What to change. What is left out stays.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      name: t.input.string({ description: '1 to 100 characters.' }),
      description: t.input.string({ description: 'What it is about; at most 10,000 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.projects.update(viewer, databaseId('Project', input.projectId), {
        name: input.name ?? undefined,
        description: input.description ?? undefined,
      });
      return studio.prisma.project.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deleteProject', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Deletes a project with everything in it: runs, datasets, models, keys. Not while runs wait or train. For its owners.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The id of what is gone, or why nothing was deleted.' },
      result: { description: 'The project is gone.' },
      dataField: { description: 'Global id of the project that is gone.' },
    },
    typeOptions: { description: 'The project to delete.' },
    argOptions: { description: 'The project to delete.' },
    input: { projectId: t.input.id({ required: true, description: 'The project.' }) },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const projectId = databaseId('Project', input.projectId);
      await studio.projects.delete(viewer, projectId);
      return encodeGlobalID('Project', projectId);
    },
  }),
);
