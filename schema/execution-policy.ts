import { Invalid, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { Project } from './project.ts';
import { selecting } from './selection.ts';

builder.prismaObjectFields(Project, (t) => ({
  executionRetentionDays: t.exposeInt('executionRetentionDays', {
    nullable: true,
    description: 'Days after which inputs and outputs of executions are deleted; their figures stay. Null: never.',
  }),
  cacheSeconds: t.exposeInt('cacheSeconds', {
    description: 'How long outputs are given again to the same question, in seconds. 0: not at all.',
  }),
  cacheLimitBytes: t.exposeFloat('cacheLimitBytes', {
    description: 'Most outputs that are kept for that, in bytes; those that were not used for longest leave. A whole number.',
  }),
}));

builder.mutationField('updateExecutionPolicy', (t) =>
  t.prismaFieldWithInput({
    type: Project,
    description:
      'Decides how long texts of executions are kept, and outputs given again. What is left out stays. For owners of the project.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The project, or why nothing was changed.' },
      result: { description: 'The policy counts from now on; what is too old goes within the hour.' },
      dataField: { description: 'The project as it is now.' },
    },
    typeOptions: { description: 'What a project keeps of executions.' },
    argOptions: { description: 'What a project keeps of executions.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      executionRetentionDays: t.input.int({
        description: 'Days after which inputs and outputs are deleted, 1 to 36,500. Null: never. Left out: as it is.',
      }),
      cacheSeconds: t.input.int({ description: 'How long outputs are given again, in seconds, at most 365 days. 0: not at all.' }),
      cacheLimitBytes: t.input.float({ description: 'Most outputs that are kept for that, in bytes, at most 100 GB. 0: none.' }),
    },
    resolve: async (query, _root, { input: { projectId, ...policy } }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.executionPolicy.update(viewer, databaseId('Project', projectId), {
        executionRetentionDays: policy.executionRetentionDays,
        cacheSeconds: policy.cacheSeconds ?? undefined,
        cacheLimitBytes: policy.cacheLimitBytes ?? undefined,
      });
      return studio.prisma.project.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
