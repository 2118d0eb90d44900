import { requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { visibleProject } from './project-argument.ts';
import { Run } from './run.ts';
import { selecting } from './selection.ts';
import { stoppable } from './stream.ts';

builder.subscriptionField('runs', (t) =>
  t.prismaField({
    type: Run,
    description:
      'Runs that are new or whose state or progress changed, at most twice a second each. Has no cursor: read `runs` after connecting again.',
    args: { projectId: t.arg.id({ description: 'Only runs of this project. Left out: of all your projects.' }) },
    subscribe: (_root, { projectId }, { studio, viewer }) => {
      requireViewer(viewer);
      const projectIds = projectId == null ? [...viewer.roles.keys()] : [visibleProject(viewer, projectId)];
      return stoppable((signal) => studio.streams.runs({ projectIds, signal }));
    },
    resolve: (query, { id }, _args, { studio }) => studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } }),
  }),
);
