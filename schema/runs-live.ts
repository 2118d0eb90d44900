import { builder } from './builder.ts';
import { Run } from './run.ts';
import { selecting } from './selection.ts';
import { stoppable } from './stream.ts';

builder.subscriptionField('runs', (t) =>
  t.prismaField({
    type: Run,
    description:
      'Runs that are new or whose state or progress changed, at most twice a second each. Has no cursor: read `runs` after connecting again.',
    subscribe: (_root, _args, { studio }) => stoppable((signal) => studio.streams.runs({ signal })),
    resolve: (query, { id }, _args, { studio }) => studio.prisma.run.findUniqueOrThrow({ ...selecting(query), where: { id } }),
  }),
);
